"""SVG elements: escaped, nested, rounded."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.report.svg import Svg, element, group, mark, picture, polyline, text

printable = st.text(st.characters(blacklist_categories=["Cs", "Cc"]))


@given(content=printable, attribute=printable)
def test_any_text_survives_the_round_trip(content, attribute):
    drawn = ET.fromstring(element("text", content, class_=attribute))
    assert (drawn.text or "") == content
    assert drawn.get("class") == attribute


def test_only_markup_of_our_own_is_kept_as_it_stands():
    assert element("g", Svg("<a></a>"), "<b>") == "<g><a></a>&lt;b&gt;</g>"


@pytest.mark.parametrize(
    ("value", "written"),
    [(1.005, "1"), (0.0, "0"), (-0.001, "0"), (-0.5, "-0.5"), (1234.567, "1234.57"), (7, "7"),
     (np.float64(2.25), "2.25"), (np.int64(3), "3")],
)  # fmt: skip
def test_numbers_are_written_to_a_hundredth(value, written):
    assert element("a", x=value) == f'<a x="{written}"></a>'


def test_attributes_that_are_none_are_left_out():
    assert group(class_=None) == "<g></g>"


def test_a_picture_says_what_it_shows_and_scales_with_its_place():
    drawn = ET.fromstring(
        picture(text(1, 2, "a", "tick"), width=380, height=300, label='a "b" & c')
    )
    assert drawn.get("role") == "img"
    assert drawn.get("aria-label") == 'a "b" & c'
    assert drawn.get("viewBox") == "0 0 380 300"
    assert drawn.get("width") is None


def test_a_mark_carries_its_reading():
    assert ET.fromstring(mark("rect", "3 cells", x=1)).find("title").text == "3 cells"


def test_a_line_keeps_its_ends_and_drops_what_cannot_be_seen():
    x = np.linspace(0, 1, 10_000)
    drawn = polyline(x, x, "roc")
    points = ET.fromstring(drawn).get("points").split()
    assert points[0] == "0,0"
    assert points[-1] == "1,1"
    assert len(points) <= 4


def test_a_line_without_points_is_empty():
    assert polyline([], [], "roc") == '<polyline points="" class="roc"></polyline>'
