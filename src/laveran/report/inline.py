"""Charts, cells and tables for a notebook: HTML that needs nothing from outside.

A chart travels as a picture with its own style sheet, so that it looks the same in every viewer
and leaves the styles of the notebook's page alone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape

from laveran.metrics import Figure
from laveran.report.intervals import interval_strips
from laveran.report.pictures import Picture, data_uri
from laveran.report.standalone import standing_alone
from laveran.report.svg import Svg

_LABEL = re.compile(r'aria-label="([^"]*)"')
_CHART = "display: inline-block; vertical-align: top; margin: 0"
_CARD = (
    "display: inline-block; vertical-align: top; margin: 0 10px 12px 0; "
    "font-size: 12px; line-height: 1.35; text-align: left"
)


class Shown(str):
    """HTML that a notebook shows as what it means, not as text."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """What IPython asks for."""
        return str(self)


def charts(*drawings: Svg | None, width_px: int = 380) -> Shown:
    """Drawings of this package side by side; those that are None are left out.

    >>> from laveran.report.svg import line, picture
    >>> charts(picture(line(0, 0, 9, 9, "axis"), width=9, height=9, label="a line"))[:31]
    '<img alt="a line" width="380" s'
    """
    return Shown("\n".join(_image(drawing, width_px) for drawing in drawings if drawing))


def cards(cells: Iterable[tuple[str, Sequence[Picture]]]) -> Shown:
    """Cells to look at, each with its caption below.

    Args:
        cells: A caption, whose lines are kept, and one picture or several of the same height,
            uint8 [H, W, 3].

    Raises:
        DataError: If a picture cannot be encoded.
    """
    return Shown("\n".join(_card(caption, pictures) for caption, pictures in cells))


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Shown:
    """A table whose first column names its rows.

    >>> table(["", "cells"], [["parasitized", 12]])
    '<table><thead><tr><th ...></th><th>cells</th></tr></thead>...<td>12</td></tr></tbody></table>'
    """
    first, *others = header
    head = _name(first) + "".join(f"<th>{_html(name)}</th>" for name in others)
    body = "".join(
        f"<tr>{_name(first)}" + "".join(f"<td>{_html(value)}</td>" for value in rest) + "</tr>"
        for first, *rest in rows
    )
    return Shown(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def strips(figures: Sequence[Figure]) -> tuple[Shown, list[Shown]]:
    """Shares with their intervals on one axis, for a column of a `table`.

    Args:
        figures: Those without a value, or all of them, are left empty.

    Returns:
        The axis, for the head of the column, and a drawing for each row.
    """
    axis, drawn = interval_strips(figures, shares=True)
    return charts(axis, width_px=260), [charts(drawing, width_px=260) for drawing in drawn]


def _image(drawing: Svg, width_px: int) -> str:
    """A drawing as a picture of its own, on paper."""
    label = _LABEL.search(drawing)
    uri = "data:image/svg+xml;base64," + base64.b64encode(standing_alone(drawing).encode()).decode()
    alt = label[1] if label else ""
    return f'<img alt="{alt}" width="{width_px}" style="{_CHART}" src="{uri}">'


def _card(caption: str, pictures: Sequence[Picture]) -> str:
    """Pictures with their caption below."""
    images = "".join(f'<img alt="" src="{data_uri(picture)}">' for picture in pictures)
    words = "<br>".join(map(escape, caption.splitlines()))
    return f'<div style="{_CARD}">{images}<br>{words}</div>'


def _name(value: object) -> str:
    """What stands in the first column of a table."""
    return f'<th style="text-align: left">{_html(value)}</th>'


def _html(value: object) -> str:
    """What stands in a cell of a table."""
    return value if isinstance(value, Shown) else escape(str(value))
