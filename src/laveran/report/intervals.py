"""Figures with intervals as marks on an axis that the rows of a table share."""

from __future__ import annotations

from collections.abc import Sequence

from laveran.metrics import Figure
from laveran.report.axes import Axis, Ticks, labelled, round_ticks, widened
from laveran.report.svg import Svg, element, line, text

WIDTH, HEIGHT = 320, 24


def interval_strips(
    figures: Sequence[Figure], *, shares: bool = False
) -> tuple[Svg | None, list[Svg | None]]:
    """Figures and their intervals on one axis that just holds them, for a column of a table.

    Args:
        figures: One a row.
        shares: Whether the axis is in percent.

    Returns:
        The axis, None where no figure has a value; and a drawing or None for each figure.
    """
    ends = [end for each in figures for end in (each.value, each.low, each.high) if end is not None]
    if not ends:
        return None, [None] * len(figures)
    low, high = widened(min(ends), max(ends), about=3)
    ticks = labelled(round_ticks(low, high, about=3), shares=shares)
    strips = [interval_strip(figure, low, high, ticks) for figure in figures]
    return interval_axis(low, high, ticks), strips


def interval_strip(figure: Figure, low: float, high: float, ticks: Ticks) -> Svg | None:
    """A figure and its interval as a point on a line, for a row of a table.

    Args:
        figure: The figure; without an interval only its point is drawn.
        low: Left end of the axis that all rows share.
        high: Right end.
        ticks: Where the lines across all rows are.

    Returns:
        The drawing; None for a figure without a value.
    """
    if figure.value is None:
        return None
    axis, middle = _strip_axis(low, high), HEIGHT / 2
    drawn = [line(x := axis.at(value), 0, x, HEIGHT, "grid") for value, _ in ticks]
    if figure.low is not None and figure.high is not None:
        ends = [axis.at(end) for end in (figure.low, figure.high)]
        drawn.append(line(ends[0], middle, ends[1], middle, "interval"))
    at = axis.at(figure.value)
    drawn.append(line(at, middle - 7, at, middle + 7, "value-mark"))
    return element(
        "svg",
        *drawn,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        class_="chart strip",
        aria_hidden="true",
    )


def interval_axis(low: float, high: float, ticks: Ticks) -> Svg:
    """The numbers above a column of `interval_strip`."""
    axis = _strip_axis(low, high)
    labels = [text(axis.at(value), 15, label, "tick", "middle") for value, label in ticks]
    return element(
        "svg",
        *labels,
        viewBox=f"0 0 {WIDTH} 20",
        class_="chart strip",
        aria_hidden="true",
    )


def _strip_axis(low: float, high: float) -> Axis:
    """The axis of `interval_strip`."""
    return Axis(low, high, 16, WIDTH - 16)
