"""Running a model file, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.cells.crop import procedure
from laveran.errors import ModelError
from laveran.model.contract import METADATA_KEY, Contract, parse_contract
from laveran.model.onnx_file import check_self_contained

INPUT = "cells"
REQUIRED = ("probability", "logit", "embedding")
OPTIONAL = ("evidence", "outlier", "disagreement")
GOLDEN_TOLERANCE = (
    1e-3  # of probability: other processors round differently, other weights differ more
)
BATCH = 64  # larger batches are no faster on a CPU and leave its cache


@dataclass(frozen=True)
class Answer:
    """What a model says of N cells.

    Attributes:
        probability: Calibrated probability of "parasitized", float32 [N].
        logit: Its log odds, float32 [N].
        embedding: float32 [N, D].
        evidence: Contribution of each place to the logit, float32 [N, h, w]; None for
            networks without maps.
        outlier: float32 [N], None where no gate was fitted.
        disagreement: float32 [N], None for a single network.
    """

    probability: NDArray[np.float32]
    logit: NDArray[np.float32]
    embedding: NDArray[np.float32]
    evidence: NDArray[np.float32] | None = None
    outlier: NDArray[np.float32] | None = None
    disagreement: NDArray[np.float32] | None = None


class Model:
    """A loaded model. Safe to use from several threads at once.

    Args:
        path: A model file, or a run folder that holds `model.onnx`.
        threads: Threads of the runtime for one batch.

    Raises:
        ModelError: If there is no such file, or it is none of ours, damaged, of
            another version, or does not answer as it did when it was exported.
    """

    def __init__(self, path: Path | str, threads: int = 1) -> None:
        self.path = _model_path(Path(path))
        where = str(self.path)
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ModelError(f"cannot read the model {where}: {error.strerror}") from error
        check_self_contained(data, where)
        self._session = _open(data, where, threads)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.contract: Contract = parse_contract(metadata.get(METADATA_KEY), where)
        self.outputs = self._checked_outputs()
        self._crop = procedure(self.contract.crop)
        self._check_golden()

    @property
    def size_px(self) -> int:
        """Side of the input."""
        return self.contract.size_px

    def prepare(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The input cell uint8 [S, S, 3] of an RGB picture uint8 [H, W, 3]."""
        return self._crop(image, self.contract.size_px)

    def probabilities(self, cells: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability float32 [N] of "parasitized" of prepared cells uint8 [N, S, S, 3]."""
        probability: NDArray[np.float32] = self._run(cells, ["probability"])[0]
        return probability

    def answer(self, cells: NDArray[np.uint8]) -> Answer:
        """All outputs for prepared cells uint8 [N, S, S, 3]."""
        batches = [
            self._run(cells[start : start + BATCH], self.outputs)
            for start in range(0, max(1, len(cells)), BATCH)
        ]
        parts = [np.concatenate(output) for output in zip(*batches, strict=True)]
        return Answer(**dict(zip(self.outputs, parts, strict=True)))

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Probability float32 [N] that each cell is parasitized.

        Args:
            images: RGB pictures of one cell each, uint8 [H, W, 3], of any sizes.

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

    def _run(self, cells: NDArray[np.uint8], outputs: Sequence[str]) -> list[Any]:
        side = self.contract.size_px
        if cells.dtype != np.uint8 or cells.shape[1:] != (side, side, 3):
            raise ModelError(
                f"the model takes cells uint8 [N, {side}, {side}, 3], "
                f"not {cells.dtype} {list(cells.shape)}; use prepare()"
            )
        result: list[Any] = self._session.run(list(outputs), {INPUT: cells})
        return result

    def _checked_outputs(self) -> list[str]:
        """The names of the outputs, after a look at the names and shapes of both ends."""
        side = self.contract.size_px
        inputs = {each.name: (each.type, each.shape[1:]) for each in self._session.get_inputs()}
        if inputs != {INPUT: ("tensor(uint8)", [side, side, 3])}:
            raise ModelError(
                f"{self.path} takes {inputs}, not {INPUT} uint8 [N, {side}, {side}, 3]"
            )
        names = [each.name for each in self._session.get_outputs()]
        wrong = [name for name in REQUIRED if name not in names]
        wrong += [name for name in names if name not in REQUIRED + OPTIONAL]
        if wrong or ("evidence" in names) != (self.contract.evidence is not None):
            raise ModelError(f"{self.path} has the outputs {', '.join(names)}, not those it must")
        return names

    def _check_golden(self) -> None:
        """Compare the answer to the golden input with that of the day of export."""
        golden = self.contract.golden
        try:
            cell = golden.cell(self.contract.size_px)
        except ValueError as error:
            raise ModelError(f"{self.path}: its golden input is damaged ({error})") from error
        found = self.probabilities(cell)
        difference = abs(float(found[0]) - golden.probability) if found.shape == (1,) else np.inf
        if not difference <= GOLDEN_TOLERANCE:
            raise ModelError(
                f"{self.path} does not answer as it did when it was exported "
                f"(probability off by {difference:.2g}); get or export it again"
            )


def load(model: Path | str) -> Model:
    """Load a model file or a run folder.

    Args:
        model: Path of an ONNX file that Laveran exported, or of a run folder.

    Raises:
        ModelError: If it cannot be used; the message says why.

    Example:
        >>> load("no-such-run")
        Traceback (most recent call last):
        ...
        laveran.errors.ModelError: there is no model at no-such-run; ...
    """
    return Model(model)


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
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base of their own
        reason = str(error).splitlines()[0]
        raise ModelError(f"{where} cannot be run: {reason}") from error
