"""Pictures in a page: proportions, encoding, and evidence in the right colours and places."""

import base64

import cv2
import numpy as np
import pytest

from laveran.errors import DataError
from laveran.report.pictures import (
    data_uri,
    evidence_ramp,
    evidence_scale,
    fitted,
    with_evidence,
)


def grey(side=64, value=150):
    return np.full((side, side, 3), value, np.uint8)


def decoded(uri):
    data = base64.b64decode(uri.removeprefix("data:image/jpeg;base64,"))
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize(
    ("shape", "size"), [((300, 150), (144, 72)), ((40, 46), (125, 144)), ((1, 500), (1, 144))]
)
def test_a_picture_keeps_its_proportions(shape, size):
    assert fitted(np.zeros((*shape, 3), np.uint8)).shape == (*size, 3)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32),
     np.zeros((0, 4, 3), np.uint8)],
)  # fmt: skip
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(DataError, match=r"uint8 \[H, W, 3\]"):
        fitted(image)


def test_colours_survive_the_encoding():
    image = np.zeros((32, 32, 3), np.uint8)
    image[:] = (220, 160, 170)
    image[12:16, 12:16] = (110, 30, 120)
    difference = np.abs(decoded(data_uri(image)).astype(int) - image)
    assert difference.max() < 25
    assert difference.mean() < 2


def test_evidence_towards_parasitized_is_violet_and_towards_uninfected_orange():
    evidence = np.zeros((4, 4), np.float32)
    evidence[0, 0], evidence[3, 3] = 5, -5
    painted = with_evidence(grey(), evidence, scale=5).astype(int)
    assert painted[4, 4, 2] > painted[4, 4, 0] + 40  # blue above red
    assert painted[60, 60, 0] > painted[60, 60, 2] + 40  # red above blue
    assert np.ptp(painted[4, 60]) <= 2  # no evidence, no colour


def test_no_evidence_leaves_the_cell_grey_and_its_structure():
    image = grey()
    image[20:30, 20:30] = (110, 30, 120)
    painted = with_evidence(image, np.zeros((8, 8), np.float32), scale=1).astype(int)
    assert np.ptp(painted, axis=-1).max() <= 2
    assert painted[25, 25, 0] < painted[50, 50, 0] - 40


def test_lightness_is_that_of_the_cell_whatever_the_evidence():
    evidence = np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4)
    painted = with_evidence(grey(), evidence, scale=1)
    lightness = cv2.cvtColor(painted, cv2.COLOR_RGB2LAB)[..., 0].astype(int)
    assert np.ptp(lightness) < 12  # of 255; what the gamut cuts off


def test_evidence_is_enlarged_smoothly():
    evidence = np.zeros((6, 6), np.float32)
    evidence[:, 3:] = 1
    row = with_evidence(grey(96), evidence, scale=1).astype(int)[48, :, 2]
    assert np.abs(np.diff(row)).max() < 0.25 * np.ptp(row)


def test_the_scale_ignores_a_single_peak_and_is_never_zero():
    maps = [np.ones((20, 20), np.float32) for _ in range(3)]
    maps[0][0, 0] = 1000
    assert evidence_scale(maps) == 1
    assert evidence_scale([np.zeros((2, 2))]) > 0
    assert evidence_scale([]) == 1


def test_the_ramp_runs_from_orange_to_violet():
    ramp = evidence_ramp().astype(int)
    assert ramp[5, 0, 0] > ramp[5, 0, 2] + 60
    assert ramp[5, -1, 2] > ramp[5, -1, 0] + 40
    assert np.ptp(ramp[5, 80]) < 8
