"""Many pictures on one sheet: each in its place, none in its neighbour's."""

import base64

import cv2
import numpy as np
import pytest

from laveran.report.sprites import BUDGET_PX, sprite_sheet, sprite_side


def decoded(sprites):
    data = base64.b64decode(sprites.picture.partition(",")[2])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_every_picture_is_found_by_its_index(count):
    colours = np.random.default_rng(count).integers(0, 256, (count, 3), dtype=np.uint8)
    pictures = np.broadcast_to(colours[:, np.newaxis, np.newaxis], (count, 64, 64, 3))
    sprites = sprite_sheet(pictures)
    sheet, side = decoded(sprites), sprites.side_px
    for index, colour in enumerate(colours):
        row, column = divmod(index, sprites.columns)
        inside = sheet[row * side : (row + 1) * side, column * side : (column + 1) * side]
        assert np.abs(inside.astype(int) - colour).max() <= 6  # JPEG rounds, and does not bleed


def test_sheets_stay_small():
    for count in (10, 2000, 5000, 9000):
        side = sprite_side(count)
        assert side % 8 == 0
        assert count * side**2 <= BUDGET_PX
    assert sprite_side(10**6) == 24  # smaller shows no parasite
