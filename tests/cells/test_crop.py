import numpy as np
import pytest

from laveran.cells.crop import PROCEDURES, letterbox, procedure, stretch
from laveran.errors import ConfigError

WHITE = np.full((20, 40, 3), 255, np.uint8)


@pytest.mark.parametrize("name", PROCEDURES)
@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 300, 3), (300, 5, 3), (64, 64, 3), (130, 128, 3)])
def test_any_picture_becomes_the_square(name, shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    square = procedure(name)(picture, 64)
    assert square.shape == (64, 64, 3)
    assert square.dtype == np.uint8


def test_letterbox_keeps_the_shape_and_centres_on_black():
    square = letterbox(WHITE, 8)
    assert square[2:6].min() == 255
    assert square[:2].max() == square[6:].max() == 0


def test_stretch_fills_the_square():
    assert stretch(WHITE, 8).min() == 255


@pytest.mark.parametrize("cut", [letterbox, stretch])
def test_a_square_of_the_size_is_left_alone(cut):
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    np.testing.assert_array_equal(cut(picture, 16), picture)


def test_shrinking_averages_so_that_a_small_spot_fades_but_stays():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[32, 32] = 255
    assert letterbox(picture, 16).max() == round(255 / 16)


def test_an_unknown_procedure_is_one_sentence():
    with pytest.raises(ConfigError, match="no crop procedure is called 'x'; known are letterbox"):
        procedure("x")
