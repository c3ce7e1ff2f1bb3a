"""The ROC chart draws the curve, the operating point and the corner."""

import xml.etree.ElementTree as ET

import numpy as np

from laveran.report.roc import BOTTOM, LEFT, RIGHT, TOP, roc


def drawn(y_true, y_prob, threshold=0.5):
    return ET.fromstring(roc(np.array(y_true), np.array(y_prob), threshold))


def points(chart):
    """The first curve's points, back in shares."""
    pairs = [
        pair.split(",") for pair in chart.find(".//polyline[@class='roc']").get("points").split()
    ]
    return [
        (
            round((float(x) - LEFT) / (RIGHT - LEFT), 2),
            round((BOTTOM - float(y)) / (BOTTOM - TOP), 2),
        )
        for x, y in pairs
    ]


def test_the_curve_passes_through_its_corners():
    chart = drawn([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8])
    assert points(chart) == [(0, 0), (0, 0.5), (0.5, 0.5), (0.5, 1), (1, 1)]


def test_the_ring_is_where_the_threshold_calls():
    ring = drawn([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8]).find(".//circle[@class='operating']")
    assert float(ring.get("cx")) == (LEFT + RIGHT) / 2
    assert float(ring.get("cy")) == (BOTTOM + TOP) / 2
    assert "50.0% found, 50.0% false alarms" in ring.find("title").text


def test_the_ring_is_where_folds_were_called_at_thresholds_of_their_own():
    chart = ET.fromstring(roc([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8], 0.5, called=[0, 0, 1, 1]))
    ring = chart.find(".//circle[@class='operating']")
    assert "100% found, 0% false alarms" in ring.find("title").text


def test_the_label_says_the_figures():
    chart = drawn([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.8], threshold=0.7)
    assert "50.0% of parasitized cells are found and 0% of uninfected" in chart.get("aria-label")


def test_one_class_has_no_curve():
    assert roc(np.array([1, 1]), np.array([0.2, 0.9])) is None
    assert roc(np.array([0, 0]), np.array([0.2, 0.9])) is None


def test_a_good_model_has_its_corner_enlarged_and_a_poor_one_has_not():
    y_true = np.repeat([0, 1], 100)
    good = drawn(y_true, np.r_[np.linspace(0, 0.55, 100), np.linspace(0.45, 1, 100)])
    poor = drawn(y_true, np.tile(np.linspace(0, 1, 100), 2))
    assert good.find(".//rect[@class='inset']") is not None
    assert len(good.findall(".//circle[@class='operating']")) == 2
    assert poor.find(".//rect[@class='inset']") is None


def test_the_enlarged_corner_stays_inside_its_frame():
    random = np.random.default_rng(1)
    y_true = random.integers(0, 2, 3000)
    y_prob = np.clip(y_true * 0.5 + random.normal(0.25, 0.17, 3000), 0, 1)
    for line in drawn(y_true, y_prob).findall(".//polyline[@class='roc']")[1:]:
        for pair in line.get("points").split():
            x, y = map(float, pair.split(","))
            assert 190 <= x <= 352
            assert 150 <= y <= 292


def test_many_cells_make_a_small_drawing():
    random = np.random.default_rng(0)
    y_true = random.integers(0, 2, 100_000)
    y_prob = 1 / (1 + np.exp(-random.normal(2 * y_true - 1, 1.5)))
    assert len(roc(y_true, y_prob)) < 60_000
