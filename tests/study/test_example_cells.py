"""Cells to show something on: drawn, chosen from a data set, or one picture."""

import cv2
import numpy as np
import pytest

from laveran.cells.crop import letterbox
from laveran.errors import DataError
from laveran.study.example_cells import example_cells


@pytest.fixture
def pictures(tmp_path):
    draw = np.random.default_rng(2)
    kept = [draw.integers(0, 256, (30, 20, 3), dtype=np.uint8) for _ in range(6)]
    for number, picture in enumerate(kept):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture[..., ::-1])
    return tmp_path, np.stack([letterbox(picture, 16) for picture in kept])


def test_drawn_cells_differ_and_are_decided_by_the_seed():
    first, again, other = (example_cells(None, 3, size_px=24, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(np.unique(first, axis=0)) == 3


def test_cells_are_chosen_from_all(pictures):
    folder, kept = pictures
    found = example_cells(folder, 4, size_px=16)
    assert found.shape == (4, 16, 16, 3)
    assert all((kept == cell).all((1, 2, 3)).sum() == 1 for cell in found)
    assert len(example_cells(folder, 99, size_px=16)) == 6


def test_one_picture_is_shown_as_it_is(pictures):
    folder, kept = pictures
    np.testing.assert_array_equal(example_cells(folder / "3.png", 5, size_px=16), kept[3:4])


def test_a_damaged_picture_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"a\.png"):
        example_cells(tmp_path / "a.png", 1, size_px=16)
