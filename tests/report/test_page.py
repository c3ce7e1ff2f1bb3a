"""The frame: colours that can be read, names that must be given, a script that is ours."""

import re
from pathlib import Path

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from laveran import report
from laveran.report.page import STYLES, asset, policy, render_page

TEMPLATES = Path(report.__file__).parent / "templates"

ON_PAPER = ["ink", "quiet", "parasitized", "uninfected", "accent", "warn"]
PAIRS = [(name, "paper") for name in ON_PAPER] + [
    ("ink", "shade"),
    ("quiet", "shade"),
    ("ink", "warn-paper"),
    ("warn", "warn-paper"),
]


def schemes():
    """The colours of the light and the dark scheme."""
    style = "".join(map(asset, STYLES))
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    assert len(blocks) == 2
    return [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks]


def luminance(colour):
    """Relative luminance (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_has_the_contrast_that_wcag_asks_for(text, ground):
    for colours in schemes():
        dark, light = sorted(luminance(colours[name]) for name in (text, ground))
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_every_colour_used_is_defined_in_both_schemes():
    style = "".join(map(asset, STYLES))
    light, dark = schemes()
    assert light.keys() == dark.keys()
    used = set(re.findall(r"var\(--([\w-]+)\)", style)) - {"part", "serif", "sans", "mono"}
    assert used == light.keys()


def test_a_name_that_a_template_needs_is_asked_for():
    with pytest.raises(UndefinedError, match="'report' is undefined"):
        render_page("run_report.html.j2")
    with pytest.raises(TemplateNotFound):
        render_page("no_such_page.html.j2")


def test_the_policy_changes_with_the_script():
    assert policy("1") != policy("2")


def test_the_script_cannot_end_its_element():
    for script in TEMPLATES.glob("*.js"):
        assert "</" not in script.read_text(encoding="utf-8"), script.name
