"""Axes: ticks are round, lie in their range, and are placed right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.report.axes import (
    Axis,
    bottom,
    count_ticks,
    labelled,
    left,
    logarithmic,
    round_ticks,
    widened,
)

ranges = st.tuples(
    st.floats(-1e4, 1e4, allow_nan=False), st.floats(1e-3, 1e4, allow_nan=False)
).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(ranges)
def test_ticks_lie_in_their_range_evenly(ends):
    low, high = ends
    ticks = round_ticks(low, high)
    slack = 1e-6 * (high - low)
    assert 1 <= len(ticks) <= 6
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    assert np.allclose(np.diff(ticks, 2), 0, atol=slack)


@given(ranges)
def test_a_widened_range_holds_the_range_and_grows_by_less_than_a_step_at_each_end(ends):
    low, high = widened(*ends)
    slack = 1e-6 * (ends[1] - ends[0])
    step = 0.5 * (ends[1] - ends[0])  # the longest that five ticks may have
    assert ends[0] - step - slack <= low <= ends[0] + slack
    assert ends[1] - slack <= high <= ends[1] + step + slack


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0, 1e-9])
def test_one_value_becomes_a_range_around_it(value):
    low, high = widened(value, value)
    assert low < value < high


def test_an_axis_takes_arrays():
    assert Axis(0, 2, 100, 0).at(np.array([0.0, 1.0, 2.0])).tolist() == [100, 50, 0]


@pytest.mark.parametrize(
    ("values", "shares", "labels"),
    [([0.985, 0.99, 0.995], True, ["98.5%", "99.0%", "99.5%"]),
     ([0.0, 0.5, 1.0], False, ["0.0", "0.5", "1.0"]),
     ([0.0, 20.0], False, ["0", "20"]),
     ([1e-6, 2e-6], False, ["1e-06", "2e-06"]),
     ([0.5], False, ["0.5"]),
     ([0.5], True, ["50%"])],
)  # fmt: skip
def test_labels_have_the_decimals_that_the_step_needs(values, shares, labels):
    assert [label for _, label in labelled(values, shares=shares)] == labels


def test_counts_are_drawn_by_their_order_of_magnitude():
    assert logarithmic([0, 9, 99]).tolist() == [0, 1, 2]
    assert [label for _, label in count_ticks(7)] == ["0", "7"]
    assert [value for value, _ in count_ticks(100)] == pytest.approx(
        [0, np.log10(11), np.log10(101)]
    )


def test_axes_name_their_ticks_and_title():
    axis = Axis(0, 1, 0, 100)
    for drawn in (
        bottom(axis, [(0.5, "half")], 10, "share"),
        left(axis, [(0.5, "half")], 0, 9, "share"),
    ):
        assert ">half</text>" in drawn
        assert ">share</text>" in drawn
