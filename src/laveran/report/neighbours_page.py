"""The page of a cell's neighbours: the cell, and the cells that are most like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.report.page import STYLES, render_page
from laveran.report.pictures import data_uri


@dataclass(frozen=True)
class NeighbourCard:
    """A cell on the page.

    Attributes:
        name: Of the cell.
        picture: uint8 [H, W, 3] RGB.
        label: In words, "" where unknown.
        patient: "" where unknown.
        probability: The model's, of "parasitized".
        distance: From the cell that was asked for.
        same_patient: Whether it is of the patient of that cell; None where nothing tells.
    """

    name: str
    picture: NDArray[np.uint8]
    label: str
    patient: str
    probability: float
    distance: float = 0.0
    same_patient: bool | None = None


@dataclass(frozen=True)
class NeighboursPage:
    """All that the page shows.

    Attributes:
        name: Of the cell that was asked for.
        data: What the neighbours are from.
        metric: What is near.
        searched: Cells that were compared.
        notes: What must be known first, a sentence each.
        cell: The cell that was asked for.
        neighbours: The nearest first.
    """

    name: str
    data: str
    metric: str
    searched: int
    notes: Sequence[str]
    cell: NeighbourCard
    neighbours: Sequence[NeighbourCard]


def render(page: NeighboursPage) -> str:
    """The page as HTML: one file without any outside asset and any script.

    Raises:
        DataError: If a picture cannot be written.
    """
    return render_page(
        "neighbours.html.j2",
        styles=(*STYLES, "neighbours.css"),
        scripts=(),
        page=page,
        summary=summary(page.neighbours),
        uri=data_uri,
    )


def summary(neighbours: Sequence[NeighbourCard]) -> str:
    """What the neighbours are, in words.

    >>> cell = np.zeros((8, 8, 3), np.uint8)
    >>> summary([NeighbourCard("a", cell, "parasitized", "P1", 0.9, 0.1, True)])
    'Of the 1 nearest 1 is labelled parasitized and 1 is of the same patient.'
    """
    labelled = [each.label for each in neighbours if each.label]
    known = [each.same_patient for each in neighbours if each.same_patient is not None]
    said = []
    if labelled:
        said.append(f"{_are(labelled.count('parasitized'))} labelled parasitized")
    if known:
        said.append(f"{_are(sum(known))} of the same patient")
    if not said:
        return "Neither labels nor patients of the nearest are known."
    return f"Of the {len(neighbours)} nearest {' and '.join(said)}."


def _are(count: int) -> str:
    """A count and its verb."""
    return f"{count} is" if count == 1 else f"{count} are"
