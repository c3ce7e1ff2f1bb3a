"""Several model files that answer as one: the mean of their log odds.

Models that were trained differently err on different cells; each may take them in a size of its
own. (The folds of one training are an ensemble too; `train --ensemble` makes one file of them.)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.errors import ConfigError
from laveran.metrics import calibrated
from laveran.model.contract import ACCURACY
from laveran.model.runtime import Judgement, Model, load

LEAST = 1e-7  # nearer to 0 and 1 a float32 has no log odds to tell


class Ensemble:
    """Models that answer together. Safe to use from several threads at once, as they are.

    Args:
        models: Two or more.

    Raises:
        ConfigError: If there are fewer, or they have no operating point in common.

    Example:
        >>> together = Ensemble([load(), load()])
        >>> cells = np.stack([together.prepare(np.full((90, 80, 3), 200, np.uint8))])
        >>> alone = load().predict([np.full((90, 80, 3), 200, np.uint8)])
        >>> bool(np.isclose(together.probabilities(cells), alone, atol=1e-5).all())
        True
    """

    def __init__(self, models: Sequence[Model]) -> None:
        if len(models) < 2:
            raise ConfigError("an ensemble has two models or more")
        self.models = tuple(models)
        if not self.operating_points:
            raise ConfigError("the models have no operating point in common")

    @property
    def tta(self) -> bool:
        """Whether its models average over flips and turns."""
        return self.models[0].tta

    @property
    def operating_points(self) -> tuple[str, ...]:
        """Names of the thresholds that all of its models have."""
        others = [set(model.operating_points) for model in self.models[1:]]
        first = self.models[0].operating_points
        return tuple(name for name in first if all(name in known for known in others))

    @property
    def default_point(self) -> str:
        """That of its models where they agree, else "accuracy" or the first that all have."""
        defaults = {model.default_point for model in self.models}
        if len(defaults) == 1:
            return defaults.pop()
        return ACCURACY if ACCURACY in self.operating_points else self.operating_points[0]

    def threshold(self, operating_point: str) -> float:
        """The mean, as log odds, of the models' thresholds.

        Raises:
            ConfigError: If a model has no such operating point.
        """
        return float(_together([model.threshold(operating_point) for model in self.models]))

    def without_tta(self) -> Ensemble:
        """The same models with one look at each cell."""
        return Ensemble([model.without_tta() for model in self.models])

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What each model takes of an RGB picture uint8 [H, W, 3], end to end: uint8 [P].

        Raises:
            DataError: If it is no such picture.
        """
        return np.concatenate([model.prepare(image).ravel() for model in self.models])

    def judge(self, cells: NDArray[np.uint8]) -> Judgement:
        """What counts in prediction, of prepared cells uint8 [N, P].

        A cell is an outlier where most models say so.
        """
        sides = [model.size_px for model in self.models]
        ends = np.cumsum([3 * side**2 for side in sides])[:-1]
        said = [
            model.judge(part.reshape(-1, side, side, 3))
            for model, side, part in zip(
                self.models, sides, np.split(cells, ends, axis=1), strict=True
            )
        ]
        probability = _together([each.probability for each in said]).astype(np.float32)
        beyond = np.mean([each.is_outlier for each in said], axis=0) > 0.5
        return Judgement(probability, beyond)

    def probabilities(self, cells: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability float32 [N] of "parasitized" of prepared cells uint8 [N, P]."""
        return self.judge(cells).probability


Reader = Model | Ensemble
ModelOrModels = Path | str | Reader | Sequence[Path | str] | None


def open_reader(model: ModelOrModels, *, tta: bool = False) -> Reader:
    """What reads cells: what is loaded as it is, one file, or several files together.

    Args:
        model: A loaded model or an ensemble, a run folder or model file, or several of the latter;
            None, or no file at all, for the shipped model.
        tta: Average over the eight flips and turns of each cell; what is loaded decides itself.

    Raises:
        ModelError: If a file cannot be used.
    """
    if isinstance(model, Reader):
        return model
    paths = [model] if model is None or isinstance(model, Path | str) else model
    models = [load(path, tta=tta) for path in paths or [None]]
    return models[0] if len(models) == 1 else Ensemble(models)


def _together(probabilities: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """The probability of the mean log odds, over the first axis."""
    p = np.clip(np.asarray(probabilities, np.float64), LEAST, 1 - LEAST)
    return calibrated((np.log(p) - np.log1p(-p)).mean(0))
