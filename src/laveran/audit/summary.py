"""What a data set holds, in numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from laveran.cells.manifest import UNKNOWN, Manifest


@dataclass(frozen=True, slots=True)
class Range:
    """Lowest, middle and highest of many numbers."""

    least: int
    median: float
    most: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A manifest in numbers.

    Attributes:
        n_cells: Cells that can be used.
        n_parasitized: Cells labelled parasitized.
        n_uninfected: Cells labelled uninfected.
        n_unlabelled: Cells without a label.
        n_patients: Patients; 0 where nothing tells any.
        n_controls: Patients without any parasitized cell.
        n_photos: Photographs; 0 where nothing tells any.
        n_without_patient: Cells whose patient is not known.
        cells_per_patient: None without patients.
        width_px: Widths of the cells.
        height_px: Heights of the cells.
    """

    n_cells: int
    n_parasitized: int
    n_uninfected: int
    n_unlabelled: int
    n_patients: int
    n_controls: int
    n_photos: int
    n_without_patient: int
    cells_per_patient: Range | None
    width_px: Range
    height_px: Range

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def rows(self) -> dict[str, str | int]:
        """The summary for a person: what, how many."""
        rows: dict[str, str | int] = {
            "cells": self.n_cells,
            "labelled parasitized": self.n_parasitized,
            "labelled uninfected": self.n_uninfected,
        }
        if self.n_unlabelled:
            rows["without a label"] = self.n_unlabelled
        rows["patients with parasitized cells"] = self.n_patients - self.n_controls
        rows["control patients"] = self.n_controls
        if self.cells_per_patient:
            rows["cells of a patient"] = _in_words(self.cells_per_patient)
        if self.n_without_patient:
            rows["cells of unknown patients"] = self.n_without_patient
        rows["photographs"] = self.n_photos
        rows["width, px"] = _in_words(self.width_px)
        rows["height, px"] = _in_words(self.height_px)
        return rows


def summarise(manifest: Manifest) -> Summary:
    """The numbers of a manifest of at least one cell.

    >>> from laveran.cells.manifest import Cell
    >>> cell = Cell("a.png", 0, "P1", None, 64, 48, "00", "cells.zip")
    >>> summarise(Manifest((cell,))).n_controls
    1
    """
    labels = manifest.labels
    of_patient = Counter(cell.patient for cell in manifest if cell.patient)
    infected = {cell.patient for cell in manifest if cell.patient and cell.label == 1}
    return Summary(
        n_cells=len(manifest),
        n_parasitized=int((labels == 1).sum()),
        n_uninfected=int((labels == 0).sum()),
        n_unlabelled=int((labels == UNKNOWN).sum()),
        n_patients=len(of_patient),
        n_controls=len(of_patient) - len(infected),
        n_photos=len({cell.photo for cell in manifest if cell.photo}),
        n_without_patient=sum(not cell.patient for cell in manifest),
        cells_per_patient=_range(list(of_patient.values())) if of_patient else None,
        width_px=_range([cell.width for cell in manifest]),
        height_px=_range([cell.height for cell in manifest]),
    )


def _range(values: list[int]) -> Range:
    return Range(min(values), float(np.median(values)), max(values))


def _in_words(of: Range) -> str:
    return f"{of.least:,} to {of.most:,}, median {of.median:,.0f}"
