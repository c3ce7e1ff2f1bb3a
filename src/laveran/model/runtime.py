"""Running a model file, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran.cells.crop import procedure
from laveran.errors import DataError, ModelError
from laveran.metrics import calibrated
from laveran.model.contract import METADATA_KEY, Contract, parse_contract
from laveran.model.onnx_file import check_self_contained
from laveran.model.symmetries import turned, turned_back

INPUT = "cells"
REQUIRED = ("probability", "logit", "embedding")
DIMENSIONS = {
    "probability": 1,
    "logit": 1,
    "embedding": 2,
    "evidence": 3,
    "outlier": 1,
    "disagreement": 1,
}
SHIPPED = Path(__file__).with_name("shipped")  # as a run folder, trained on NIH's cells
SHIPPED_NAME = "shipped"  # for those who name it beside others
# Other processors round differently; other weights differ more.
PROBABILITY_TOLERANCE = 1e-3
LOGIT_TOLERANCE = 1e-2  # as a share of the logit, or of 1 where it is smaller
BATCH = 16  # larger batches are no faster on a CPU, and slower where they leave its cache


@dataclass(frozen=True)
class Answer:
    """What a model says of N cells.

    Attributes:
        probability: Calibrated probability of "parasitized", float32 [N].
        logit: Its log odds, float32 [N].
        embedding: float32 [N, D].
        evidence: Contribution of each place to the logit, float32 [N, h, w]; None for
            networks without maps.
        outlier: Distance from the cells trained on, float32 [N]; None where no gate was fitted.
        disagreement: Standard deviation of the members' probabilities, float32 [N]; None for a
            single network.
    """

    probability: NDArray[np.float32]
    logit: NDArray[np.float32]
    embedding: NDArray[np.float32]
    evidence: NDArray[np.float32] | None = None
    outlier: NDArray[np.float32] | None = None
    disagreement: NDArray[np.float32] | None = None


class Judgement(NamedTuple):
    """What counts of N cells in prediction."""

    probability: NDArray[np.float32]  # [N], calibrated
    is_outlier: NDArray[np.bool_]  # [N], beyond the outlier gate; never without a gate


class Model:
    """A loaded model. Safe to use from several threads at once.

    Args:
        path: A model file, or a run folder that holds `model.onnx`.
        threads: Threads of the runtime for one batch.
        tta: Test-time augmentation: answer with the average over the eight flips and turns of
            each cell, for eight times the work.

    Raises:
        ModelError: If there is no such file, or it is none of ours, damaged, of
            another version, or does not answer as it did when it was exported.
    """

    def __init__(self, path: Path | str, threads: int = 1, *, tta: bool = False) -> None:
        self.path = _model_path(Path(path))
        self.tta = tta
        where = str(self.path)
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ModelError(f"cannot read the model {where}: {error.strerror}") from error
        check_self_contained(data, where)
        self._session = _open(data, where, threads)
        try:
            metadata = self._session.get_modelmeta().custom_metadata_map
            self.contract: Contract = parse_contract(metadata.get(METADATA_KEY), where)
            self._check_input()
            self.outputs = self._checked_outputs()
        except UnicodeDecodeError as error:
            raise ModelError(f"{where} is damaged: a name in it is no text") from error
        self._crop = procedure(self.contract.crop)
        self._check_golden()

    @property
    def name(self) -> str:
        """What to call it in a sentence."""
        return "the shipped model" if self.path.parent == SHIPPED else str(self.path)

    @property
    def size_px(self) -> int:
        """Side of the input."""
        return self.contract.size_px

    @property
    def operating_points(self) -> tuple[str, ...]:
        """Names of the thresholds."""
        return tuple(point.name for point in self.contract.operating_points)

    @property
    def default_point(self) -> str:
        """Name of the threshold to call at where nobody names another."""
        return self.contract.default_point

    def threshold(self, operating_point: str) -> float:
        """The probability from which on a cell is called parasitized.

        Raises:
            ConfigError: If the model has no such operating point.
        """
        return self.contract.operating_point(operating_point).threshold

    def without_tta(self) -> Model:
        """The same model with one look at each cell."""
        return Model(self.path) if self.tta else self

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The input cell uint8 [S, S, 3] of an RGB picture uint8 [H, W, 3].

        Raises:
            DataError: If it is no such picture.
        """
        picture = np.asarray(image)
        if picture.dtype != np.uint8 or picture.shape[2:] != (3,) or picture.size == 0:
            raise DataError(
                f"a picture must be RGB, uint8 [H, W, 3], not {picture.dtype} {list(picture.shape)}"
            )
        return self._crop(picture, self.contract.size_px)

    def judge(self, cells: NDArray[np.uint8]) -> Judgement:
        """What counts in prediction, of prepared cells uint8 [N, S, S, 3]."""
        gate = self.contract.gate
        run = self._average if self.tta else self._run
        probability, *outlier = run(cells, ["probability"] + (["outlier"] if gate else []))
        beyond = outlier[0] > gate.threshold if gate else np.zeros(len(probability), np.bool_)
        return Judgement(probability, beyond)

    def probabilities(self, cells: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability float32 [N] of "parasitized" of prepared cells uint8 [N, S, S, 3]."""
        return self.judge(cells).probability

    def answer(self, cells: NDArray[np.uint8]) -> Answer:
        """All outputs for prepared cells uint8 [N, S, S, 3]."""
        run = self._average if self.tta else self._run
        batches = [
            run(cells[start : start + BATCH], self.outputs)
            for start in range(0, max(1, len(cells)), BATCH)
        ]
        parts = [np.concatenate(output) for output in zip(*batches, strict=True)]
        return Answer(**dict(zip(self.outputs, parts, strict=True)))

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Probability float32 [N] that each cell is parasitized.

        Args:
            images: RGB pictures of one cell each, uint8 [H, W, 3], of any sizes.

        Raises:
            DataError: If one of them is no such picture.

        Example:
            >>> import laveran
            >>> model = laveran.load("runs/first")  # doctest: +SKIP
            >>> model.predict([picture])  # doctest: +SKIP
            array([0.97], dtype=float32)
        """
        batches = [
            self.probabilities(np.stack([self.prepare(i) for i in images[start : start + BATCH]]))
            for start in range(0, len(images), BATCH)
        ]
        return np.concatenate(batches) if batches else np.zeros(0, np.float32)

    def _average(self, cells: NDArray[np.uint8], outputs: Sequence[str]) -> list[Any]:
        """As `_run`, averaged over the symmetries; the probability is that of the mean logit."""
        needed = dict.fromkeys((*outputs, "logit"))
        views = zip(*(self._run(view, list(needed)) for view in turned(cells)), strict=True)
        answers = dict(zip(needed, views, strict=True))
        if "evidence" in answers:  # so that `mean(evidence) + bias == logit` still holds
            answers["evidence"] = tuple(turned_back(answers["evidence"]))
        mean = {name: np.mean(values, axis=0) for name, values in answers.items()}
        mean["probability"] = calibrated(mean["logit"]).astype(np.float32)
        return [mean[name] for name in outputs]

    def _run(self, cells: NDArray[np.uint8], outputs: Sequence[str]) -> list[Any]:
        side = self.contract.size_px
        if cells.dtype != np.uint8 or cells.shape[1:] != (side, side, 3):
            raise DataError(
                f"the model takes cells uint8 [N, {side}, {side}, 3], "
                f"not {cells.dtype} {list(cells.shape)}; use prepare()"
            )
        try:
            result: list[Any] = self._session.run(list(outputs), {INPUT: cells})
        except Exception as error:  # onnxruntime's errors share no base of their own
            raise ModelError(f"{self.path} fails when it is run: {_reason(error)}") from error
        return result

    def _check_input(self) -> None:
        """Refuse a graph that takes anything but cells, any number of them."""
        side = self.contract.size_px
        inputs = {each.name: (each.type, each.shape) for each in self._session.get_inputs()}
        kind, shape = inputs.get(INPUT, ("", []))
        fits = kind == "tensor(uint8)" and shape[1:] == [side, side, 3]
        if len(inputs) != 1 or not fits or isinstance(shape[0], int):
            given = ", ".join(f"{name} {kind} {shape}" for name, (kind, shape) in inputs.items())
            raise ModelError(
                f"{self.path} takes {given or 'nothing'}, not {INPUT} uint8 [N, {side}, {side}, 3]"
            )

    def _checked_outputs(self) -> list[str]:
        """The names of the outputs, which are those that the contract promises."""
        names = [each.name for each in self._session.get_outputs()]
        promised = {
            "evidence": self.contract.evidence is not None,
            "outlier": self.contract.gate is not None,
            "disagreement": self.contract.members > 1,
        }
        expected = {*REQUIRED, *(name for name, there in promised.items() if there)}
        if set(names) != expected:
            raise ModelError(
                f"{self.path} has the outputs {', '.join(names)}, which are not those that its "
                "metadata promises; export it again"
            )
        return names

    def _check_golden(self) -> None:
        """Compare the answer to the golden input with that of the day of export."""
        golden, promised = self.contract.golden, self.contract.evidence
        answer = self._golden_answer()
        probability, logit = float(answer.probability[0]), float(answer.logit[0])
        off = abs(probability - golden.probability)
        if not off <= PROBABILITY_TOLERANCE or not _close(logit, golden.logit):
            raise ModelError(
                f"{self.path} does not answer as it did when it was exported (probability "
                f"{probability:.4f} instead of {golden.probability:.4f}); get or export it again"
            )
        if promised and answer.evidence is not None:
            total = float(answer.evidence.mean()) + promised.bias
            if not _close(total, logit):
                raise ModelError(
                    f"{self.path}: its evidence adds up to {total:.4f} and its logit is "
                    f"{logit:.4f}, which should be the same; export it again"
                )

    def _golden_answer(self) -> Answer:
        """All outputs for the golden input, their shapes looked at."""
        try:
            cell = self.contract.golden.cell(self.contract.size_px)
        except ValueError as error:
            raise ModelError(f"{self.path}: its golden input is damaged ({error})") from error
        outputs = dict(zip(self.outputs, self._run(cell, self.outputs), strict=True))
        for name, value in outputs.items():
            found = np.asarray(value)
            if found.dtype != np.float32 or found.ndim != DIMENSIONS[name] or len(found) != 1:
                raise ModelError(
                    f"{self.path} answers to one cell with {name} {found.dtype} "
                    f"{list(found.shape)}, not float32 in {DIMENSIONS[name]} dimensions; "
                    "export it again"
                )
        return Answer(**outputs)


def load(model: Path | str | None = None, *, tta: bool = False) -> Model:
    """Load a model file, a run folder, or the model that ships with Laveran.

    Args:
        model: Path of an ONNX file that Laveran exported, or of a run folder; None, or "shipped"
            where there is no such path, for the shipped model (docs/model-card.md).
        tta: Answer with the average over the eight flips and turns of each cell.

    Raises:
        ModelError: If it cannot be used; the message says why.

    Example:
        >>> load("no-such-run")
        Traceback (most recent call last):
        ...
        laveran.errors.ModelError: there is no model at no-such-run; ...
    """
    if model is None or (str(model) == SHIPPED_NAME and not Path(model).exists()):
        model = SHIPPED
    return Model(model, tta=tta)


def _model_path(path: Path) -> Path:
    """The ONNX file that `path` means."""
    if path.is_dir():
        inside = path / "model.onnx"
        if not inside.is_file():
            raise ModelError(f"{path} holds no model.onnx; is its training finished?")
        return inside
    if not path.is_file():
        raise ModelError(f"there is no model at {path}; give a run folder or an .onnx file")
    return path


def _open(data: bytes, where: str, threads: int) -> Any:
    """An onnxruntime session on `data`; its own errors in one sentence of ours."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what it would print, we raise
    # A file of onnxruntime's own format would be read past our look at its tensors.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        return onnxruntime.InferenceSession(
            data, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # onnxruntime's errors share no base of their own
        raise ModelError(f"{where} cannot be run: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The first line of a foreign error, or at least its name."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _close(logit: float, expected: float) -> bool:
    """Whether two logits are one but for rounding; NaN is close to nothing."""
    return abs(logit - expected) <= LOGIT_TOLERANCE * max(1.0, abs(expected))
