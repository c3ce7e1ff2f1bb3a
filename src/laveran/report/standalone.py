"""A drawing of a page as a file of its own, which any viewer of pictures shows."""

from __future__ import annotations

from collections.abc import Sequence

from laveran.report.page import asset
from laveran.report.svg import Svg, element

STYLES = ("charts.css", "lines.css")
PAPER = "svg { background: var(--paper); }"  # colours are those of the light page


def standalone(drawing: Svg, styles: Sequence[str] = STYLES) -> str:
    """The drawing with its style sheets and the name of its language, for a `.svg` file.

    Args:
        drawing: What `report.svg.picture` made.
        styles: Style sheets beside the templates.

    Example:
        >>> from laveran.report.svg import line, picture
        >>> alone = standalone(picture(line(0, 0, 9, 9, "axis"), width=9, height=9, label="a line"))
        >>> alone.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"')
        True
    """
    style = element("style", Svg("".join(map(asset, styles)) + PAPER))
    opening, inside = drawing.split(">", 1)
    named = opening.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    return f"{named}>{style}{inside}\n"
