"""Columns and points stand where the numbers are."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from laveran.errors import DataError
from laveran.report.probabilities import (
    BOTTOM,
    CURVE_BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    probabilities,
    reliability,
)


def shares(x):
    """A horizontal place as a probability."""
    return (float(x) - LEFT) / (RIGHT - LEFT)


def test_reliability_points_stand_at_mean_and_observed_share():
    y_true = np.array([0, 0, 0, 1] + [1] * 9 + [0])
    y_prob = np.r_[np.full(4, 0.1), np.full(10, 0.9)]
    chart = ET.fromstring(reliability(y_true, y_prob))
    found = [
        (
            round(shares(point.get("cx")), 3),
            round((CURVE_BOTTOM - float(point.get("cy"))) / (CURVE_BOTTOM - TOP), 2),
        )
        for point in chart.findall(".//circle[@class='point']")
    ]
    assert found == [(0.1, 0.25), (0.9, 0.9)]


def test_reliability_has_a_column_for_each_bin_with_cells_as_high_as_its_logarithm():
    y_prob = np.r_[np.full(9, 0.01), np.full(99, 0.5), np.full(999, 0.99)]
    y_true = np.arange(y_prob.size) % 2
    columns = ET.fromstring(reliability(y_true, y_prob)).findall(".//rect[@class='column']")
    heights = [float(column.get("height")) for column in columns]
    assert np.array(heights) / heights[0] == pytest.approx([1, 2, 3], abs=0.01)
    assert "99 cells" in columns[1].find("title").text


def test_reliability_bins_are_fifteen():
    y_prob = np.linspace(0, 1, 3000)
    chart = ET.fromstring(reliability((y_prob > 0.5).astype(int), y_prob))
    assert len(chart.findall(".//rect[@class='column']")) == 15


def test_probabilities_by_class_point_away_from_each_other():
    y_true = np.r_[np.ones(99, int), np.zeros(9, int)]
    y_prob = np.r_[np.full(99, 0.95), np.full(9, 0.05)]
    chart = ET.fromstring(probabilities(y_true, y_prob))
    (up,) = chart.findall(".//rect[@class='column parasitized']")
    (down,) = chart.findall(".//rect[@class='column uninfected']")
    middle = (TOP + BOTTOM) / 2
    assert float(up.get("y")) + float(up.get("height")) == pytest.approx(middle, abs=0.02)
    assert float(down.get("y")) == pytest.approx(middle, abs=0.02)
    assert float(up.get("height")) == pytest.approx(2 * float(down.get("height")), abs=0.05)
    assert shares(up.get("x")) > 0.9
    assert shares(down.get("x")) < 0.1


def test_the_threshold_is_a_line_and_counts_both_sides():
    chart = ET.fromstring(probabilities([0, 0, 1, 1], [0.1, 0.9, 0.3, 0.8], threshold=0.25))
    assert shares(chart.find(".//line[@class='threshold']").get("x1")) == pytest.approx(
        0.25, abs=1e-3
    )
    assert "0 of 2 parasitized cells are called uninfected" in chart.get("aria-label")
    assert "1 of 2 uninfected ones parasitized" in chart.get("aria-label")


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_is_drawn(label):
    y_true = np.full(5, label)
    assert probabilities(y_true, np.linspace(0, 1, 5)).startswith("<svg")
    assert reliability(y_true, np.linspace(0, 1, 5)).startswith("<svg")


def test_probabilities_outside_their_range_are_refused():
    with pytest.raises(DataError, match="between 0 and 1"):
        reliability([0, 1], [0.2, 1.2])
