"""SVG elements as text: names and numbers in, escaped markup out.

Elements carry classes, not colours: the page's style sheet paints them, in a light and a dark
scheme and in print.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np
from numpy.typing import ArrayLike

APART_PX = 0.35  # points of a line that lie closer than this look like one


class Svg(str):
    """Markup that is safe as it stands; templates do not escape it again."""

    __slots__ = ()

    def __html__(self) -> str:
        """What a template with autoescape inserts."""
        return self


def element(tag: str, *children: str, **attributes: object) -> Svg:
    """One element; text and attribute values are escaped, children that are `Svg` are kept.

    Underscores in attribute names become hyphens, a trailing one is dropped (`class_`), and
    attributes that are None are left out.

    >>> element("text", "a < b", x=1.50, class_="tick", text_anchor="end")
    '<text x="1.5" class="tick" text-anchor="end">a &lt; b</text>'
    >>> element("g", element("circle", r=2))
    '<g><circle r="2"></circle></g>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = "".join(child if isinstance(child, Svg) else escape(child) for child in children)
    return Svg(f"<{tag}{written}>{inside}</{tag}>")


def picture(*children: str, width: float, height: float, label: str) -> Svg:
    """A whole drawing that takes the width of its place on the page.

    Args:
        children: What is drawn.
        width: Width of the drawing's own coordinates.
        height: Height of the drawing's own coordinates.
        label: What a reader who cannot see it should know, in one or two sentences.
    """
    box = f"0 0 {_value(width)} {_value(height)}"
    return element("svg", *children, viewBox=box, role="img", aria_label=label, class_="chart")


def mark(tag: str, reading: str, **attributes: object) -> Svg:
    """An element with a read-out: shown as a tooltip with or without scripts.

    >>> mark("circle", "epoch 3: 0.12", r=2)
    '<circle r="2"><title>epoch 3: 0.12</title></circle>'
    """
    return element(tag, element("title", reading), **attributes)


def group(*children: Svg, class_: str | None = None) -> Svg:
    """Elements that belong together."""
    return element("g", *children, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Svg:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def text(x: float, y: float, content: str, class_: str, anchor: str = "start") -> Svg:
    """One line of text whose baseline is at `y`; `anchor` is start, middle or end."""
    return element("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def polyline(x_px: ArrayLike, y_px: ArrayLike, class_: str) -> Svg:
    """A line through points [N]; those nearer to the last drawn than the eye can tell are left out.

    >>> polyline([0, 0.01, 5], [0, 0, 7.25], class_="roc")
    '<polyline points="0,0 5,7.25" class="roc"></polyline>'
    """
    points = list(
        zip(np.asarray(x_px, float).tolist(), np.asarray(y_px, float).tolist(), strict=True)
    )
    joined = " ".join(f"{_value(x)},{_value(y)}" for x, y in _thinned(points))
    return element("polyline", points=joined, class_=class_)


def _thinned(points: list[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """The first and last point and those between that lie `APART_PX` from the last kept."""
    if not points:
        return []
    kept = [points[0]]
    for point in points[1:-1]:
        if max(abs(point[0] - kept[-1][0]), abs(point[1] - kept[-1][1])) >= APART_PX:
            kept.append(point)
    return kept + points[1:][-1:]


def _value(value: object) -> str:
    """An attribute's value; numbers to a hundredth of a pixel."""
    if isinstance(value, float):
        return f"{round(value, 2) + 0.0:.7g}"  # + 0.0: there is no minus zero on a page
    return str(value)
