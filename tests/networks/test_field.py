"""Receptive fields by arithmetic: the lecture's formulas, and the closed form of the paper."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.errors import ConfigError
from laveran.networks.field import EVERYTHING, Field, union

WINDOWS = st.lists(
    st.tuples(st.integers(1, 7), st.integers(1, 4), st.integers(0, 6), st.integers(1, 3)),
    max_size=6,
)


def after(windows):
    field = Field()
    for kernel, stride, padding, dilation in windows:
        field = field.window(kernel, stride, padding, dilation)
    return field


@given(layers=st.integers(0, 40), kernel=st.integers(1, 11))
def test_at_stride_1_each_convolution_adds_its_kernel_less_one(layers, kernel):
    field = after([(kernel, 1, 0, 1)] * layers)
    assert field.size == 1 + layers * (kernel - 1)
    assert field.jump == 1


@given(layers=st.integers(0, 20))
def test_at_stride_2_the_field_doubles(layers):
    field = after([(3, 2, 0, 1)] * layers)
    assert field.size == 2 ** (layers + 1) - 1
    assert field.jump == 2**layers


@given(WINDOWS)
def test_size_is_the_papers_closed_form(windows):
    # Araujo et al. 2019, equation 2, with a kernel that its dilation has widened
    expected = 1 + sum(
        dilation * (kernel - 1) * prod(stride for _, stride, _, _ in windows[:place])
        for place, (kernel, _, _, dilation) in enumerate(windows)
    )
    assert after(windows).size == expected


@given(WINDOWS, st.integers(0, 5))
def test_a_unit_sees_what_its_units_see(windows, unit):
    field = after(windows)
    pixels = {unit}
    for kernel, stride, padding, dilation in reversed(windows):
        pixels = {
            each * stride - padding + step * dilation for each in pixels for step in range(kernel)
        }
    assert (min(pixels), max(pixels)) == (
        field.first + unit * field.jump,
        field.last + unit * field.jump,
    )


def test_a_sum_sees_what_either_side_sees():
    assert union([(Field(-2, 2, 2),), (Field(0, 4, 2),)]) == (Field(-2, 4, 2),)
    assert Field(3, 5, 4).joined(EVERYTHING).everything
    assert EVERYTHING.window(3, 2, 1).everything


def test_maps_of_different_grids_are_not_joined():
    with pytest.raises(ConfigError, match="2 and 4 px"):
        Field(0, 2, 2).joined(Field(0, 2, 4))
