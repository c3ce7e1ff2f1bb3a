"""The page of a map: cells in two dimensions, their pictures under the pointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.metrics import Figure
from laveran.report import formats
from laveran.report.map_colours import Colouring
from laveran.report.page import STYLES, render_page
from laveran.report.sprites import sprite_sheet


@dataclass(frozen=True, slots=True)
class PurityRow:
    """How many of a cell's neighbours share something with it, and how many would by chance."""

    what: str
    share: Figure
    chance: float
    beyond_chance: float | None


@dataclass(frozen=True, slots=True)
class PurityTable:
    """Rows about some of the cells; `of` says which."""

    of: str
    rows: Sequence[PurityRow]


@dataclass(frozen=True)
class MapPage:
    """All that the page shows.

    Attributes:
        data: What the cells are from.
        lead: How the map was made, a sentence or two.
        verdict: What the neighbourhoods say, a sentence or two.
        notes: What must be known first, a sentence each.
        points: Where the cells are [N, 2], any units, y upwards.
        pictures: How they look, uint8 [N, S, S, 3] RGB.
        names: Name of each [N].
        patients: Patient of each [N], "" where unknown.
        labels: Label of each in words [N], "" where unknown.
        probability: Of "parasitized", 0..1 [N].
        outlier: Outlier score [N]; None without a gate.
        neighbours: Indexes of the nearest in the embedding [N, k], the nearest first, -1 where
            there are fewer.
        distances: Their distances [N, k].
        colourings: Ways to colour the cells, the first at the start.
        purities: What neighbours share.
        facts: How it was made, in rows.
    """

    data: str
    lead: str
    verdict: str
    notes: Sequence[str]
    points: NDArray[np.floating]
    pictures: NDArray[np.uint8]
    names: Sequence[str]
    patients: Sequence[str]
    labels: Sequence[str]
    probability: NDArray[np.floating]
    outlier: NDArray[np.floating] | None
    neighbours: NDArray[np.integer]
    distances: NDArray[np.floating]
    colourings: Sequence[Colouring]
    purities: Sequence[PurityTable]
    facts: Mapping[str, str | int]


def render(page: MapPage) -> str:
    """The page as HTML: one file without any outside asset.

    Raises:
        DataError: If the pictures cannot be written.
    """
    sprites = sprite_sheet(page.pictures)
    return render_page(
        "map.html.j2",
        styles=(*STYLES, "map.css"),
        scripts=("map_view.js", "map.js"),
        page=page,
        sprites=sprites,
        k=page.neighbours.shape[1],
        cells={
            "side": sprites.side_px,
            "columns": sprites.columns,
            **_places(page.points),
            "names": list(page.names),
            "patients": list(page.patients),
            "labels": list(page.labels),
            "probability": [formats.probability(value) for value in page.probability.tolist()],
            "outlier": None if page.outlier is None else _rounded(page.outlier, 2),
            "neighbours": page.neighbours.tolist(),
            "distances": [
                _rounded(row, 4) for row in np.where(page.neighbours < 0, 0, page.distances)
            ],
            "groups": [way.of for way in page.colourings],
        },
    )


def _places(points: NDArray[np.floating]) -> dict[str, Any]:
    """Points in a box whose longer side is 1, y downwards, as `x`, `y` and the box's sides."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = float((high - low).max()) or 1.0
    x, y = (points[:, 0] - low[0]) / span, (high[1] - points[:, 1]) / span
    width, height = ((high - low) / span).tolist()
    return {"x": _rounded(x, 5), "y": _rounded(y, 5), "width": width, "height": height}


def _rounded(values: NDArray[np.floating], digits: int) -> list[float]:
    """Numbers as short as they may be on a page."""
    return [round(value, digits) for value in np.asarray(values, np.float64).tolist()]
