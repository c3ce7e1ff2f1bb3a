"""Changes of cells: exact where pixels meet pixels, undone by their inverse elsewhere."""

import colorsys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.study.learning.cell_changes import (
    framed,
    hue_turned,
    restained,
    scaled,
    shifted,
    turned,
)

DRAW = np.random.default_rng(4)
NOISE = DRAW.integers(0, 256, (3, 9, 9, 3), dtype=np.uint8)
FRAMED = framed(NOISE, 21)
Y, X = np.mgrid[:41, :41] - 20.0
SMOOTH = np.repeat((200 * np.exp(-(X**2 + 2 * Y**2) / 80)).astype(np.uint8)[..., None], 3, 2)[None]


def off(one, other):
    return np.abs(one.astype(int) - other.astype(int)).max()


def test_a_frame_leaves_the_cell_in_the_middle():
    assert FRAMED.shape == (3, 21, 21, 3)
    np.testing.assert_array_equal(FRAMED[:, 6:15, 6:15], NOISE)
    assert FRAMED.sum() == NOISE.sum()
    with pytest.raises(ValueError, match="do not fit"):
        framed(NOISE, 8)


@given(st.integers(-6, 6), st.integers(-6, 6))
def test_a_shift_by_whole_pixels_is_exact(right, down):
    rolled = np.roll(FRAMED, (down, right), (1, 2))
    np.testing.assert_array_equal(shifted(FRAMED, right, down), rolled)


def test_black_comes_in_and_what_goes_out_is_lost():
    moved = shifted(NOISE, 4)
    assert not moved[:, :, :4].any()
    np.testing.assert_array_equal(moved[:, :, 4:], NOISE[:, :, :5])


def test_a_shift_by_half_a_pixel_is_the_mean_of_two():
    between = (NOISE[:, :, :-1].astype(float) + NOISE[:, :, 1:]) / 2
    assert off(shifted(NOISE, 0.5)[:, :, 1:], np.rint(between)) <= 1


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("pictures", [NOISE, NOISE[:, :8, :8]], ids=["odd", "even"])
def test_a_quarter_turn_is_exact(quarters, pictures):
    np.testing.assert_array_equal(
        turned(pictures, 90 * quarters), np.rot90(pictures, quarters, (1, 2))
    )


@given(st.floats(-180, 180))
def test_a_turn_is_undone_by_its_inverse(degrees):
    assert off(turned(turned(SMOOTH, degrees), -degrees), SMOOTH) <= 8


@given(st.floats(0.6, 1.5))
def test_a_zoom_is_undone_by_its_inverse(factor):
    assert off(scaled(scaled(SMOOTH, factor), 1 / factor), SMOOTH) <= 20


def test_a_zoom_by_2_doubles_what_is_wide():
    wide = [(picture[0, 20, :, 0] > 50).sum() for picture in (SMOOTH, scaled(SMOOTH, 2))]
    assert abs(wide[1] - 2 * wide[0]) <= 1


@given(st.lists(st.integers(0, 255), min_size=3, max_size=3), st.floats(-180, 180))
def test_a_hue_is_turned_as_colorsys_turns_it(colour, degrees):
    hue, saturation, value = colorsys.rgb_to_hsv(*(channel / 255 for channel in colour))
    expected = colorsys.hsv_to_rgb((hue + degrees / 360) % 1, saturation, value)
    found = hue_turned(np.array(colour, np.uint8).reshape(1, 1, 1, 3), degrees).ravel()
    np.testing.assert_allclose(found, np.array(expected) * 255, atol=1)


def test_hues_turn_cell_by_cell():
    np.testing.assert_array_equal(hue_turned(NOISE, 40)[1:2], hue_turned(NOISE[1:2], 40))
    np.testing.assert_array_equal(hue_turned(NOISE, 0), NOISE)


def test_stain_multiplies_the_optical_density():
    dense = [-np.log(np.maximum(each, 1) / 255.0) for each in (NOISE, restained(NOISE, 1.5))]
    seen = NOISE > 60
    np.testing.assert_allclose(dense[1][seen], 1.5 * dense[0][seen], atol=0.02)
    np.testing.assert_array_equal(restained(NOISE, 1), NOISE)
    assert not restained(np.zeros_like(NOISE), 0.5).any()
