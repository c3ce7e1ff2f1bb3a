"""Keypoints lie in the cell, not on its outline; a cell without any has the histogram zero."""

import cv2
import numpy as np
import pytest

from laveran.study.foreground import inside, masks, on_own_colour
from laveran.study.representations.keypoints import FastBrief, Orb, Sift, Surf
from laveran.study.representations.visual_words import VisualWords

DETECTORS = [(Sift(), 128), (Surf(), 64), (FastBrief(), 256), (Orb(), 256)]
SPOT = (41, 26)  # x, y


def disc(*, spot: bool):
    """A plain cell on black, with a dark spot or without."""
    picture = np.zeros((64, 64, 3), np.uint8)
    cv2.circle(picture, (32, 32), 26, (210, 150, 170), cv2.FILLED)
    if spot:
        cv2.circle(picture, SPOT, 3, (110, 60, 140), cv2.FILLED)
    return picture


@pytest.mark.parametrize(("detector", "length"), DETECTORS)
def test_keypoints_are_at_the_spot(detector, length):
    found = detector(disc(spot=True))
    assert len(found.places) > 0
    assert found.descriptors.shape == (len(found.places), length)
    assert found.sizes_px.shape == (len(found.places),)
    assert {each.dtype for each in (found.places, found.sizes_px, found.descriptors)} == {
        np.dtype(np.float32)
    }
    assert np.linalg.norm(found.places.mean(0) - SPOT) < 3  # some find its rim, all around
    columns, rows = found.places.round().astype(int).T
    assert inside(disc(spot=True))[rows, columns].all()


@pytest.mark.parametrize(("detector", "length"), DETECTORS)
@pytest.mark.parametrize("picture", [disc(spot=False), np.zeros((64, 64, 3), np.uint8)])
def test_neither_outline_nor_margin_has_keypoints(detector, length, picture):
    found = detector(picture)
    assert found.places.shape == (0, 2)
    assert found.descriptors.shape == (0, length)


@pytest.mark.parametrize("bits", [FastBrief(), Orb()])
def test_binary_descriptors_are_bits(bits):
    assert set(np.unique(bits(disc(spot=True)).descriptors)) == {0.0, 1.0}


def test_a_cell_without_keypoints_is_the_zero_histogram_and_others_are_not():
    cells = np.stack([disc(spot=True), disc(spot=False), disc(spot=True)])
    method = VisualWords(FastBrief(), words=3)
    method.fit(cells, np.array([1, 0, 1]))
    vectors = method.vectors(cells)
    assert not vectors[1].any()
    assert vectors[0].any()
    shares = vectors[0] / method.weights.idf_
    assert shares.sum() == pytest.approx(1, abs=1e-5)


def test_the_mask_is_the_lit_part_without_its_rim():
    picture = disc(spot=True)
    whole, shrunk = inside(picture, 0), inside(picture, 3)
    assert whole.sum() == (picture.max(2) > 0).sum()
    assert shrunk.sum() < whole.sum()
    assert not (shrunk & ~whole).any()
    np.testing.assert_array_equal(masks(np.stack([picture]))[0], inside(picture))
    assert masks(np.zeros((0, 9, 9, 3), np.uint8)).shape == (0, 9, 9)


def test_a_cell_on_its_own_colour_has_no_black_and_is_else_the_same():
    picture = disc(spot=True)
    filled = on_own_colour(picture)
    np.testing.assert_array_equal(filled[inside(picture)], picture[inside(picture)])
    assert filled[0, 0].tolist() == [210, 150, 170]
    black = np.zeros((8, 8, 3), np.uint8)
    np.testing.assert_array_equal(on_own_colour(black), black)
