"""What a model says of one picture and where it saw it, from the model file alone: no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.archive import open_source
from laveran.cells.manifest import CLASSES
from laveran.cells.pictures import decode
from laveran.errors import DataError, PictureError
from laveran.model.runtime import Model, load
from laveran.report.explain_page import ExplainReport, Inside, render

PAGE, DATA = "explain.html", "explain.json"
WITHOUT_TORCH = (
    "only what the model file tells is here; with the training side (pip install 'laveran[study]') "
    "the page also looks into the network"
)
WITHOUT_NETWORK = (
    "only what the model file tells is here; a run folder, which also holds the network itself, "
    "is looked into"
)


@dataclass(frozen=True)
class Explanation:
    """One picture and what a model says of it.

    Attributes:
        name: The picture's file name.
        model: Whose answer it is.
        image: The picture, uint8 [H, W, 3] RGB.
        cell: What the model sees of it, uint8 [S, S, 3].
        probability: Calibrated probability of "parasitized", 0..1.
        logit: Its log odds.
        evidence: Contribution of each place to the logit, float32 [h, w]; None without maps.
        outlier: Distance from the cells trained on; None without a gate.
        disagreement: Standard deviation of an ensemble's members; None of a single network.
    """

    name: str
    model: Model
    image: NDArray[np.uint8]
    cell: NDArray[np.uint8]
    probability: float
    logit: float
    evidence: NDArray[np.float32] | None
    outlier: float | None
    disagreement: float | None

    @property
    def is_outlier(self) -> bool:
        """Whether it is unlike the cells that the model was trained on; never without a gate."""
        gate = self.model.contract.gate
        return self.outlier is not None and gate is not None and self.outlier > gate.threshold

    @property
    def threshold(self) -> float:
        """The probability from which on the model, by default, calls a cell parasitized."""
        return self.model.threshold(self.model.default_point)

    @property
    def call(self) -> str:
        """What the model calls it, and by which threshold, in words."""
        called = CLASSES[int(self.probability >= self.threshold)]
        point = self.model.default_point
        return f"{called} ({point}: parasitized from a probability of {self.threshold:.3f} on)"

    def to_json(self) -> dict[str, Any]:
        """All but the pictures, as plain values."""
        return {
            "picture": self.name,
            "called": int(self.probability >= self.threshold),
            "operating_point": self.model.default_point,
            "threshold": self.threshold,
            "probability": self.probability,
            "logit": self.logit,
            "outlier": self.outlier,
            "is_outlier": self.is_outlier,
            "disagreement": self.disagreement,
            "evidence": None if self.evidence is None else self.evidence.round(4).tolist(),
        }


def explain(
    picture: Path | str, *, model: Path | str | None = None, out: Path | str = "explain"
) -> Explanation:
    """Write a page and a JSON file on what a model says of a picture, and where it saw it.

    Args:
        picture: Picture of one cell.
        model: Model file or run folder; None for the shipped model.
        out: Folder to write.

    Raises:
        DataError: If the picture cannot be read.
        ModelError: If the model cannot be used.
        OutputError: If a file cannot be written.
    """
    found = read_explanation(picture, load(model))
    write_explanation(found, out, missing=WITHOUT_TORCH)
    return found


def read_explanation(picture: Path | str, model: Model) -> Explanation:
    """What `model` says of a picture.

    Raises:
        DataError: If the picture cannot be read.
    """
    image = read_picture(picture)
    cell = model.prepare(image)
    answer = model.answer(cell[np.newaxis])
    return Explanation(
        name=Path(picture).name,
        model=model,
        image=image,
        cell=cell,
        probability=float(answer.probability[0]),
        logit=float(answer.logit[0]),
        evidence=None if answer.evidence is None else answer.evidence[0],
        outlier=None if answer.outlier is None else float(answer.outlier[0]),
        disagreement=None if answer.disagreement is None else float(answer.disagreement[0]),
    )


def read_picture(path: Path | str) -> NDArray[np.uint8]:
    """The picture of one cell, RGB uint8 [H, W, 3].

    Raises:
        DataError: If there is none, or several, or it cannot be read.
    """
    with open_source(path) as source:
        if len(source) != 1:
            raise DataError(f"{path} holds {len(source)} pictures; name one picture of one cell")
        try:
            return decode(source.read(source.entries[0]))
        except PictureError as error:
            raise PictureError(f"{path} cannot be read: {error}") from error


def write_explanation(
    found: Explanation, out: Path | str, *, inside: Inside | None = None, missing: str = ""
) -> None:
    """Write the page and the JSON file into a folder.

    Args:
        found: What the model says.
        out: The folder; made if missing.
        inside: What the network itself tells.
        missing: Why there is no `inside`, a sentence.
    """
    contract = found.model.contract
    report = ExplainReport(
        picture=found.name,
        model=found.model.name,
        image=found.image,
        cell=found.cell,
        probability=found.probability,
        logit=found.logit,
        call=found.call,
        learned_readings=bool(contract.readings),
        evidence=found.evidence,
        bias=contract.evidence.bias if contract.evidence else 0.0,
        stride_px=contract.evidence.stride_px if contract.evidence else 0.0,
        outlier=found.outlier,
        gate=contract.gate.threshold if contract.gate else None,
        disagreement=found.disagreement,
        inside=inside,
        notes=(missing,) if missing else (),
    )
    files.write_text(Path(out) / PAGE, render(report))
    files.write_text(Path(out) / DATA, json.dumps(found.to_json(), indent=2) + "\n")
