"""Teachers: earlier runs whose opinion of a cell a student learns beside its label.

Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531, section 2). By the rule of
evidence a student's test patients must be unknown to its teachers too: in each fold it learns
from the teachers' networks of that same fold, which never saw those patients.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from laveran.errors import ConfigError, ModelError
from laveran.metrics import calibrated
from laveran.model.prediction import Watch
from laveran.networks.network import load_members
from laveran.training.batches import Cells, score
from laveran.training.feed import Feed, prepare_cells
from laveran.training.finished import FinishedRun
from laveran.training.folder import RunFolder

SAME = ("data_sha256", "folds", "seed", "by")  # what makes one division of the patients


@dataclass(frozen=True)
class Teacher:
    """A finished run.

    Attributes:
        folder: Where it is.
        feed: The student's cells, as this teacher takes them.
        run: What its config.toml says of data and division.
    """

    folder: RunFolder
    feed: Feed
    run: dict[str, Any]

    def opinion(self, fold: int | None, device: torch.device) -> NDArray[np.float32]:
        """Its calibrated probability of each cell, float32 [N].

        Args:
            fold: Of its network of this fold; None of the run's own.
            device: Where to compute.

        Raises:
            ModelError: If the run is not finished or damaged.
        """
        folder = self.folder if fold is None else self.folder.fold(fold)
        metrics = folder.read_metrics()
        if metrics is None:
            raise ModelError(f"{folder.path} holds no finished network to learn from")
        cells = Cells(self.feed.pictures, np.zeros(len(self), np.float32), np.arange(len(self)))
        logits = [
            score(network.to(device), cells, device).logit for network in load_members(folder.path)
        ]
        logit = np.mean(logits, axis=0) / metrics["temperature"]
        return calibrated(logit).astype(np.float32)

    @property
    def checksum(self) -> str:
        """SHA-256 of the run's own weights: which teacher it was."""
        return hashlib.sha256((self.folder.path / "weights.safetensors").read_bytes()).hexdigest()

    def __len__(self) -> int:
        return len(self.feed.manifest)


def read_teacher(
    path: Path | str,
    data: Path | str,
    labels: Path | str | None,
    patients: Sequence[Path | str],
    watch: Watch | None,
) -> Teacher:
    """The run in `path`, with the cells as it takes them.

    Raises:
        ModelError: If there is no run, or it is not finished.
    """
    folder = RunFolder(Path(path))
    finished = FinishedRun(folder)
    try:
        run, recipe = finished.config["run"], finished.recipe
    except (ModelError, KeyError) as error:
        raise ModelError(
            f"there is no run to learn from in {path}; give a folder that `laveran train` left"
        ) from error
    if not finished.metrics:
        raise ModelError(f"the teacher in {path} is not finished; resume its training")
    feed = prepare_cells(
        data, labels, patients=patients, crop=recipe.crop, size_px=recipe.size_px, watch=watch
    )
    return Teacher(folder, feed, run)


def require_same_division(teachers: Sequence[Teacher], run: dict[str, Any]) -> None:
    """Refuse teachers that may have seen the student's test patients.

    Raises:
        ConfigError: If data, folds, seed or `by` of a teacher differ from those of `run`.
    """
    for teacher in teachers:
        for name in SAME:
            if teacher.run.get(name) != run[name]:
                raise ConfigError(
                    f"the teacher in {teacher.folder.path} was trained with another {name} "
                    f"({teacher.run.get(name)}, here {run[name]}), so it may have seen patients "
                    "that this run is to be measured on; train both alike"
                )


def soft_targets(
    teachers: Sequence[Teacher],
    truth: NDArray[np.float32],
    share: float,
    folds: Sequence[int | None],
    device: torch.device,
) -> NDArray[np.float32]:
    """What a student is to answer, float32 [N]: the truth mixed with its teachers' mean opinion.

    Args:
        teachers: Those to ask, at least one.
        truth: What the cells show, as far as known [N].
        share: Of the opinion in the mixture, 0..1.
        folds: Whose networks are asked; None for a run's own.
        device: Where to compute.
    """
    opinions = [teacher.opinion(fold, device) for teacher in teachers for fold in folds]
    target: NDArray[np.float64] = (1 - share) * truth + share * np.mean(opinions, axis=0)
    return target.astype(np.float32)
