"""A drawing of a page as a file of its own, which any viewer of pictures shows."""

from __future__ import annotations

from functools import cache

from laveran.report.page import asset
from laveran.report.svg import Svg, element

# a strip stands in a table's row, whatever its colour; charts need paper, also on a dark page
_ALONE = ":root { --paper: #fff; } svg:not(.strip) { background: var(--paper); }"


def standing_alone(drawing: Svg, *styles: str) -> str:
    """The drawing with its style sheets and the name of its language, on paper.

    Args:
        drawing: What `report.svg.picture` made.
        styles: Style sheets beside the templates that it needs beyond that of all charts.

    Example:
        >>> from laveran.report.svg import line, picture
        >>> alone = standing_alone(picture(line(0, 0, 9, 9, "axis"), width=9, height=9, label="a"))
        >>> alone.partition(">")[0].endswith('xmlns="http://www.w3.org/2000/svg"')
        True
    """
    opening, inside = drawing.split(">", 1)
    return f'{opening} xmlns="http://www.w3.org/2000/svg">{_style(styles)}{inside}'


@cache
def _style(styles: tuple[str, ...]) -> Svg:
    """The style sheet of a drawing that stands alone."""
    return element("style", Svg("".join(map(asset, ("charts.css", *styles))) + _ALONE))
