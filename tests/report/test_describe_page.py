"""The page of a described network: both fields at their places, and names that are only text."""

import re

import numpy as np
import pytest

from browser import browsing
from laveran.report.describe_page import DescribePage, FieldPanel, growth, on_cell, render


def panel(name="features.0", rows=(4, 8), columns=(3, 7), effective_px=3, size=16):
    mass = np.zeros((size, size))
    mass[6, 5] = 1
    return FieldPanel(name, rows, columns, mass, effective_px)


def page(**changes):
    cell = np.full((16, 16, 3), 200, np.uint8)
    settings = {
        "name": "<b>net</b>",
        "header": ("layer", "operation", "output", "kernel"),
        "rows": [("features.0", "Conv2d", "4 x 8 x 8", "5"), ("<i>relu", "ReLU", "4 x 8 x 8", "")],
        "parameters": 448,
        "multiply_adds": 403_200,
        "cell": cell,
        "panels": [panel(), panel("features.1", (-4, 20), (-4, 20), 11)],
        "notes": ("something to know",),
    }
    return DescribePage(**settings | changes)


def rectangles(drawing):
    """Class -> x, y, width, height of a drawing's rectangles."""
    found = re.findall(
        r'<rect x="(.+?)" y="(.+?)" width="(.+?)" height="(.+?)" class="(.+?)">', drawing
    )
    return {class_: tuple(map(float, numbers)) for *numbers, class_ in found}


def test_both_fields_stand_where_they_are():
    found = rectangles(on_cell(panel(), page().cell, margin=3))
    assert found == {
        "padding": (-3, -3, 22, 22),
        "theoretical": (3, 4, 5, 5),
        "effective": (4, 5, 3, 3),
    }


def test_a_field_beyond_the_drawing_is_cut_off():
    found = rectangles(on_cell(panel(rows=(-9, 20), columns=(2, 31)), page().cell, margin=4))
    assert found["theoretical"] == (2, -4, 18, 24)


def test_growth_has_two_points_a_stage():
    drawing = growth(page().panels)
    assert drawing.count("<circle") == 4
    assert "the last can see 25 px, and nearly all it sees is within 11 px" in drawing


def test_the_page_is_whole_and_names_are_text(parse):
    found = parse(render(page()))
    assert "<b>net</b>" in found.text
    assert "something to know." in found.text
    assert "403,200" in found.text
    assert len(found.having("tr", class_="windowed")) == 1
    assert len(found.having("image")) == 2


def test_a_network_without_maps_has_a_page_too(parse):
    found = parse(render(page(panels=())))
    assert "What units see" not in found.text
    assert "448" in found.text


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_loads_and_never_scrolls_sideways(tmp_path, width):
    path = tmp_path / "page.html"
    path.write_text(render(page()), encoding="utf-8")
    with browsing(tmp_path / "profile") as tab:
        tab.open(path.as_uri())
        tab.send(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=800, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        assert tab.run("document.documentElement.scrollWidth") <= width
        assert tab.complaints == []
