"""The page of the pointing game: a table of methods, and cells with their peaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.metrics import Figure
from laveran.report.axes import labelled
from laveran.report.intervals import interval_axis, interval_strip
from laveran.report.page import STYLES, render_page
from laveran.report.pictures import Picture, data_uri, fitted

SIDE_PX = 192
TICKS = labelled([0.0, 0.25, 0.5, 0.75, 1.0], shares=True)
TARGET, PEAK, OTHER = (70, 220, 120), (255, 255, 255), (255, 214, 60)  # green, white, yellow


@dataclass(frozen=True, slots=True)
class PointingRow:
    """How often one method points at the parasite.

    Attributes:
        method: Its name.
        cells: How many cells.
        hits: Share of peaks within the tolerance.
        exact: Share of peaks upon the parasite itself.
        chance: Share of hits of points anywhere in the cells.
        distance_px: Median distance of a peak to the parasite.
    """

    method: str
    cells: int
    hits: Figure
    exact: Figure
    chance: float
    distance_px: float


@dataclass(frozen=True, slots=True)
class PointedCell:
    """A cell with its parasite and two peaks.

    Attributes:
        name: What it is called.
        picture: uint8 [S, S, 3].
        target: Where the parasite lies, bool [S, S].
        peak: Row and column of the evidence map's peak.
        other: The same of integrated gradients.
        distance_px: From the evidence map's peak to the parasite.
        probability: Of "parasitized", before calibration.
    """

    name: str
    picture: Picture
    target: NDArray[np.bool_]
    peak: tuple[int, int]
    other: tuple[int, int]
    distance_px: float
    probability: float


@dataclass(frozen=True)
class PointingReport:
    """All that the page shows.

    Attributes:
        title: Whose cells, in a few words.
        model: Whose maps.
        protocol: How the figures were got, a sentence or two.
        tolerance_px: Up to where a peak hits.
        tables: Rows by which cells they are of.
        hits: Some cells whose evidence peak hits.
        misses: Some whose does not.
        notes: What must be known, a sentence each.
    """

    title: str
    model: str
    protocol: str
    tolerance_px: float
    tables: Sequence[tuple[str, Sequence[PointingRow]]]
    hits: Sequence[PointedCell]
    misses: Sequence[PointedCell]
    notes: Sequence[str] = field(default_factory=tuple)


def render(report: PointingReport) -> str:
    """The page as HTML: one file without any outside asset.

    Raises:
        DataError: If a picture is not uint8 RGB.
    """
    return render_page(
        "pointing.html.j2",
        styles=(*STYLES, "explain.css"),
        report=report,
        axis=interval_axis(0.0, 1.0, TICKS),
        strips={
            (among, row.method): interval_strip(row.hits, 0.0, 1.0, TICKS)
            for among, rows in report.tables
            for row in rows
        },
        hits=[(cell, data_uri(marked(cell))) for cell in report.hits],
        misses=[(cell, data_uri(marked(cell))) for cell in report.misses],
    )


def marked(cell: PointedCell) -> Picture:
    """The cell with the parasite's outline, a cross at the peak and a dot at the other."""
    image = np.ascontiguousarray(fitted(cell.picture, SIDE_PX))
    factor = SIDE_PX / cell.picture.shape[0]
    large = cv2.resize(
        cell.target.astype(np.uint8), image.shape[1::-1], interpolation=cv2.INTER_NEAREST
    )
    outlines, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(image, outlines, -1, TARGET, 1)
    row, column = (round((place + 0.5) * factor) for place in cell.peak)
    for colour, width in (((0, 0, 0), 4), (PEAK, 2)):
        cv2.line(image, (column - 7, row), (column + 7, row), colour, width, cv2.LINE_AA)
        cv2.line(image, (column, row - 7), (column, row + 7), colour, width, cv2.LINE_AA)
    row, column = (round((place + 0.5) * factor) for place in cell.other)
    for colour, radius in (((0, 0, 0), 5), (OTHER, 3)):
        cv2.circle(image, (column, row), radius, colour, cv2.FILLED, cv2.LINE_AA)
    return image
