"""The frame of every page: one file with its own style and script, and nothing from outside.

The page's content security policy lets the browser run our script (by its hash) and show pictures
inside the page, and forbids everything else: a page that is mailed around cannot call home, and
a name that smuggled markup past the escaping still could not run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from laveran.report import formats
from laveran.report.svg import Svg

STYLES, SCRIPTS = ("charts.css", "page.css"), ("page.js",)


def render_page(
    template: str,
    *,
    styles: Sequence[str] = STYLES,
    scripts: Sequence[str] = SCRIPTS,
    **content: object,
) -> str:
    """One of the templates as a whole HTML page; every value in it is escaped.

    Args:
        template: Its file name; it extends `page.html.j2`.
        styles: Style sheets beside the templates, put into the page in this order.
        scripts: Scripts beside the templates, run as one in this order.
        content: What the template needs; a name that is missing is an error.

    Returns:
        The page, to be written as UTF-8.
    """
    script = Svg("".join(map(asset, scripts)))
    frame = {
        "style": Svg("".join(map(asset, styles))),
        "script": script,
        "policy": policy(script),
    }
    return environment().get_template(template).render(frame | content)


@cache
def environment() -> Environment:
    """The templates, with the formats of numbers."""
    templates = Environment(
        loader=PackageLoader("laveran.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for written in (
        formats.share,
        formats.number,
        formats.probability,
        formats.compact,
        formats.count,
        formats.interval,
    ):
        templates.filters[written.__name__] = written
    return templates


def policy(script: str) -> str:
    """The content security policy of a page with this one script.

    >>> policy("1").split("; ")[0]
    "default-src 'none'"
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            "style-src 'unsafe-inline'",
            f"script-src 'sha256-{digest}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def asset(name: str) -> Svg:
    """A file beside the templates, inserted as it stands."""
    return Svg(files("laveran.report").joinpath("templates", name).read_text(encoding="utf-8"))
