"""Line charts: several curves over one axis, each with its band and its name at its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from laveran.report.axes import Axis, Ticks, bottom, labelled, left, round_ticks, widened
from laveran.report.formats import compact, share
from laveran.report.svg import Svg, element, group, mark, picture, polyline, text

LINE_PX = 14.0  # from one name to the next below it
LETTER_PX = 6.9
LEAST = 1e-30  # drawn for what is smaller, on an axis of powers of ten
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Curve:
    """One curve.

    Attributes:
        name: What stands at its end; empty for none.
        x: Where it was measured, ascending.
        y: What was measured.
        class_: What paints it: "first" to "fourth", and "thin" or "dashed" beside that.
        low: Lower ends of a band; empty for none.
        high: Its upper ends.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    class_: str
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes around curves, and how large the drawing is.

    Attributes:
        x_title: What runs along the bottom.
        y_title: What runs upwards.
        shares: Whether heights are shares, read in percent.
        logarithmic: Whether heights are drawn by their powers of ten.
        y: Lowest and highest height; None for those of the curves.
        x_ticks: Where numbers stand along the bottom; empty for round ones.
        width: Of the drawing.
        height: Of the drawing.
    """

    x_title: str
    y_title: str
    shares: bool = False
    logarithmic: bool = False
    y: tuple[float, float] | None = None
    x_ticks: Ticks = ()
    width: float = 480
    height: float = 290

    @property
    def written(self) -> Callable[[float | None], str]:
        """How a height reads."""
        return share if self.shares else compact


def line_chart(curves: Sequence[Curve], frame: Frame, label: str) -> Svg:
    """The curves in their frame; each point reads out its value.

    Args:
        curves: At least one, none of them empty.
        frame: The axes.
        label: What a reader who cannot see it should know; where the curves end is added.

    Example:
        >>> curve = Curve("train", [1, 2], [0.7, 0.2], "first")
        >>> line_chart([curve], Frame("epoch", "loss"), "A loss falls")[:35]
        '<svg viewBox="0 0 480 290" role="im'
    """
    right = frame.width - max(LETTER_PX * len(curve.name) for curve in curves) - 14
    top, floor = 32.0, frame.height - 44
    low, high = min(curve.x[0] for curve in curves), max(curve.x[-1] for curve in curves)
    x = Axis(low, high if high > low else low + 1, 58.0, right)
    y, ticks = _heights(curves, frame, floor, top)
    places = frame.x_ticks or labelled(round_ticks(low, x.high))
    ends = ", ".join(f"{each.name} {frame.written(each.y[-1])}" for each in curves if each.name)
    drawn = [
        left(y, ticks, 58.0, right, frame.y_title),
        bottom(x, places, floor, frame.x_title),
        *(_band(curve, x, y, frame) for curve in curves if len(curve.low)),
        *(_line(curve, x, y, frame) for curve in curves),
        _names(curves, y, frame, right + 8),
    ]
    said = f"{label}. At the right end: {ends}" if ends else label
    return picture(*drawn, width=frame.width, height=frame.height, label=said)


def power_of_ten(power: int) -> str:
    """A power of ten as it is written by hand.

    >>> power_of_ten(-12)
    '10⁻¹²'
    """
    return "10" + str(power).translate(RAISED)


def _heights(curves: Sequence[Curve], frame: Frame, floor: float, top: float) -> tuple[Axis, Ticks]:
    """The upright axis and its ticks."""
    values = [value for each in curves for value in (*each.y, *each.low, *each.high)]
    if frame.logarithmic:
        first = math.floor(min(_height(value, frame) for value in values))
        last = max(first + 1, math.ceil(max(_height(value, frame) for value in values)))
        powers = range(first, last + 1, max(1, (last - first) // 6))
        ticks = [(float(power), power_of_ten(power)) for power in powers]
        return Axis(first, last, floor, top), ticks
    low, high = frame.y or widened(min(values), max(values))
    return Axis(low, high, floor, top), labelled(round_ticks(low, high), shares=frame.shares)


def _height(value: float, frame: Frame) -> float:
    """Where a value stands on the upright axis."""
    if frame.logarithmic:
        return math.log10(max(value, LEAST))
    return min(max(value, frame.y[0]), frame.y[1]) if frame.y else value


def _band(curve: Curve, x: Axis, y: Axis, frame: Frame) -> Svg:
    """From the lower to the upper ends, filled."""
    there = zip(curve.x, curve.low, strict=True)
    back = reversed(list(zip(curve.x, curve.high, strict=True)))
    points = (f"{x.at(at):.1f},{y.at(_height(value, frame)):.1f}" for at, value in (*there, *back))
    return element("polygon", points=" ".join(points), class_=f"band {curve.class_}")


def _line(curve: Curve, x: Axis, y: Axis, frame: Frame) -> Svg:
    """The curve, and an invisible mark with the read-out on each of its points."""
    x_px = [x.at(at) for at in curve.x]
    y_px = [y.at(_height(value, frame)) for value in curve.y]
    readings = [
        f"{curve.name}, {frame.x_title} {at:g}: {frame.written(value)}"
        for at, value in zip(curve.x, curve.y, strict=True)
    ]
    marks = (
        mark("circle", reading, cx=across, cy=up, r=4, class_=f"probe {curve.class_}")
        for reading, across, up in zip(readings, x_px, y_px, strict=True)
    )
    return group(polyline(x_px, y_px, f"curve {curve.class_}"), *marks)


def _names(curves: Sequence[Curve], y: Axis, frame: Frame, at_px: float) -> Svg:
    """The names beside the ends of the curves, pushed apart where they would meet."""
    ends = [(y.at(_height(each.y[-1], frame)) + 4, each) for each in curves if each.name]
    ends.sort(key=lambda end: end[0])
    placed = apart([height for height, _ in ends], y.first_px + 4)
    return group(
        *(
            text(at_px, place, curve.name, f"name-of {curve.class_}")
            for place, (_, curve) in zip(placed, ends, strict=True)
        )
    )


def apart(wanted_px: Sequence[float], lowest_px: float) -> list[float]:
    """Heights in the same order that lie a line of text apart, near those wanted.

    Args:
        wanted_px: Where lines of text should stand, from the top down.
        lowest_px: Below this none may stand.

    Example:
        >>> apart([10, 12, 50], 60), apart([58, 59], 60)
        ([10.0, 24.0, 50.0], [46.0, 60.0])
    """
    steps = LINE_PX * np.arange(len(wanted_px))
    pushed_down = np.maximum.accumulate(np.asarray(wanted_px) - steps) + steps
    placed: list[float] = np.minimum(pushed_down, lowest_px - steps[::-1]).tolist()
    return placed
