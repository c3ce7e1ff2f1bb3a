"""Line charts: points where they belong, names apart, all of it readable alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.report.lines import LINE_PX, Curve, Frame, apart, line_chart
from laveran.report.standalone import standing_alone


def points(line):
    return np.array([[float(each) for each in pair.split(",")] for pair in line["points"].split()])


def test_heights_are_linear_or_powers_of_ten(parse):
    curve = Curve("one", [1, 2, 3], [0.001, 0.01, 0.1], "first")
    for logarithmic in (False, True):
        page = parse(line_chart([curve], Frame("x", "y", logarithmic=logarithmic), "A chart"))
        x, y = points(page.having("polyline")[0]).T
        assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.1)
        ratio = (y[1] - y[0]) / (y[2] - y[1])
        assert ratio == pytest.approx(1.0 if logarithmic else 0.1, abs=0.01)


def test_a_band_goes_there_and_back(parse):
    curve = Curve("one", [0, 1], [0.5, 0.6], "first", low=[0.4, 0.5], high=[0.6, 0.7])
    page = parse(line_chart([curve], Frame("x", "y", y=(0, 1)), "A chart"))
    places = points(page.having("polygon")[0])
    middle = points(page.having("polyline")[0])
    assert places[:, 0].tolist() == pytest.approx([*middle[:, 0], *middle[::-1, 0]], abs=0.1)
    assert (places[:2, 1] > middle[:, 1]).all()
    assert (places[2:, 1] < middle[::-1, 1]).all()


def test_every_point_can_be_read_and_the_ends_are_told(parse):
    curve = Curve("a < b", [0, 2], [0.5, 0.625], "first")
    drawing = line_chart([curve], Frame("epoch", "accuracy", shares=True), "Right")
    assert "a < b, epoch 2: 62.5%" in parse(drawing).text
    (svg,) = parse(drawing).having("svg")
    assert svg["aria-label"] == "Right. At the right end: a < b 62.5%"


def test_one_point_and_one_height_are_drawn(parse):
    drawing = line_chart([Curve("one", [3], [0.0], "first")], Frame("x", "y"), "A chart")
    assert "nan" not in parse(drawing).having("circle")[0]["cx"]


@given(st.lists(st.floats(0, 200), min_size=1, max_size=8))
def test_names_never_meet_and_stay_above_the_floor(heights):
    placed = np.array(apart(sorted(heights), 200))
    assert (np.diff(placed) >= LINE_PX - 1e-6).all()
    assert placed.max() <= 200


def test_a_drawing_alone_has_its_styles_and_nothing_from_outside(parse):
    alone = standing_alone(
        line_chart([Curve("one", [1, 2], [1, 2], "first")], Frame("x", "y"), "A"), "lines.css"
    )
    (svg,) = parse(alone).having("svg")
    assert svg["xmlns"] == "http://www.w3.org/2000/svg"
    assert ".curve" in alone
    assert "url(" not in alone
