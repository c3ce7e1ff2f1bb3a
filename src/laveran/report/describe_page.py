"""The page of a described network: its layers, and what its units see on a cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from laveran.report.axes import Axis, bottom, labelled, left, round_ticks, widened
from laveran.report.page import STYLES, render_page
from laveran.report.pictures import data_uri, fitted, with_evidence
from laveran.report.svg import Svg, element, mark, picture, polyline

PICTURE_PX = 256
WIDTH, HEIGHT = 460, 280
LEFT, RIGHT, TOP, BOTTOM = 44.0, 444.0, 30.0, 236.0


@dataclass(frozen=True)
class FieldPanel:
    """What the unit in the middle of one stage's maps sees.

    Attributes:
        name: Of the stage.
        rows: First and last row of the theoretical field; below 0 in the padding.
        columns: First and last column.
        mass: Share of the gradient at each pixel, float64 [S, S].
        effective_px: Side of what holds nearly all of it.
    """

    name: str
    rows: tuple[int, int]
    columns: tuple[int, int]
    mass: NDArray[np.float64]
    effective_px: int

    @property
    def theoretical_px(self) -> int:
        """Side of the theoretical field."""
        return self.rows[1] - self.rows[0] + 1


@dataclass(frozen=True)
class DescribePage:
    """All that the page shows.

    Attributes:
        name: Of the network.
        header: Names of the table's columns.
        rows: An operation a row, as it is written.
        parameters: Of the whole network.
        multiply_adds: Of one cell.
        cell: RGB uint8 [S, S, 3], as the network takes it.
        panels: What its units see, stage by stage; empty for a network without maps.
        notes: What must be known, a sentence each.
    """

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    parameters: int
    multiply_adds: int
    cell: NDArray[np.uint8]
    panels: Sequence[FieldPanel] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def render(page: DescribePage) -> str:
    """The page as HTML: one file without any outside asset.

    Raises:
        DataError: If the cell is not uint8 RGB.
    """
    margin = _margin(page)
    return render_page(
        "describe.html.j2",
        styles=(*STYLES, "describe.css"),
        page=page,
        growth=growth(page.panels) if page.panels else None,
        drawings=[on_cell(panel, page.cell, margin) for panel in page.panels],
    )


def growth(panels: Sequence[FieldPanel]) -> Svg:
    """Side of the theoretical and of the effective field over the stages."""
    high = widened(0, max(panel.theoretical_px for panel in panels))[1]
    x, y = Axis(1, max(len(panels), 2), LEFT + 10, RIGHT - 10), Axis(0, high, BOTTOM, TOP)
    stages = [x.at(float(number)) for number in range(1, len(panels) + 1)]
    theoretical = [y.at(float(panel.theoretical_px)) for panel in panels]
    effective = [y.at(float(panel.effective_px)) for panel in panels]
    drawn = [
        left(y, labelled(round_ticks(0, high)), LEFT, RIGHT, "side, pixels of the input"),
        bottom(x, [(n + 1.0, f"{n + 1}") for n in range(len(panels))], BOTTOM, "stage"),
        polyline(stages, theoretical, "theoretical"),
        polyline(stages, effective, "roc"),
    ]
    for panel, at, above, below in zip(panels, stages, theoretical, effective, strict=True):
        can, does = f"can see {panel.theoretical_px} px", f"sees {panel.effective_px} px"
        drawn += [
            mark("circle", f"{panel.name} {can}", cx=at, cy=above, r=4, class_="operating"),
            mark("circle", f"{panel.name} {does}", cx=at, cy=below, r=4, class_="point"),
        ]
    last = panels[-1]
    label = (
        f"Receptive field over {len(panels)} stages; the last can see {last.theoretical_px} px, "
        f"and nearly all it sees is within {last.effective_px} px"
    )
    return picture(*drawn, width=WIDTH, height=HEIGHT, label=label)


def on_cell(panel: FieldPanel, cell: NDArray[np.uint8], margin: int) -> Svg:
    """The cell in grey, what a unit sees of it in violet, and both fields as squares.

    Args:
        panel: What to draw.
        cell: RGB uint8 [S, S, 3].
        margin: Pixels around the cell, where a field may reach into the padding.
    """
    size = cell.shape[0]
    strength = np.sqrt(panel.mass / max(panel.mass.max(), 1e-30))  # faint rims stay visible
    painted = with_evidence(fitted(cell, PICTURE_PX), strength.astype(np.float32), scale=1.0)
    low, high = -margin, size + margin
    shrink = (panel.theoretical_px - panel.effective_px) // 2
    drawn = [
        element("rect", x=low, y=low, width=high - low, height=high - low, class_="padding"),
        element("image", href=data_uri(painted), width=size, height=size),
        _rectangle(panel, 0, low, high, "theoretical"),
        _rectangle(panel, shrink, low, high, "effective"),
    ]
    label = (
        f"{panel.name}: can see {panel.theoretical_px} px, "
        f"nearly all it sees is within {panel.effective_px} px"
    )
    inside = element("g", *drawn, transform=f"translate({margin} {margin})")
    return picture(inside, width=high - low, height=high - low, label=label)


def _rectangle(panel: FieldPanel, shrink: int, low: int, high: int, class_: str) -> Svg:
    """The field less `shrink` pixels on each side, cut off where the drawing ends."""
    (y, height), (x, width) = (
        (max(first + shrink, low), min(last + 1 - shrink, high) - max(first + shrink, low))
        for first, last in (panel.rows, panel.columns)
    )
    return element("rect", x=x, y=y, width=width, height=height, class_=class_)


def _margin(page: DescribePage) -> int:
    """Pixels around the cell that hold the largest field, but at most half a cell."""
    size = len(page.cell)
    beyond = max((max(-panel.rows[0], panel.rows[1] - size) for panel in page.panels), default=0)
    return min(max(beyond, 0) + 2, size // 2)
