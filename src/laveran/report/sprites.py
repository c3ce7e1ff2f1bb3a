"""Many small pictures in one: a page with thousands of cells decodes one JPEG."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.report.pictures import data_uri

BLOCK_PX = 8  # of JPEG: sides that are whole blocks do not bleed into each other
SIDES_PX = (24, 48)  # the smallest and the largest thumbnail
BUDGET_PX = 6_000_000  # pixels of a sheet, some 0.4 bytes each
QUALITY = 84


@dataclass(frozen=True, slots=True)
class Sprites:
    """A sheet of square pictures, row by row.

    Attributes:
        picture: The sheet as a JPEG data URI.
        side_px: Side of one picture.
        columns: Pictures in a row.
    """

    picture: str
    side_px: int
    columns: int


def sprite_side(n_pictures: int) -> int:
    """The side in px that keeps the sheet of so many pictures within `BUDGET_PX`, if it can.

    >>> [sprite_side(n) for n in (100, 2000, 4000, 12586)]
    [48, 48, 32, 24]
    """
    side = BLOCK_PX * int(math.sqrt(BUDGET_PX / max(1, n_pictures)) / BLOCK_PX)
    smallest, largest = SIDES_PX
    return min(largest, max(smallest, side))


def sprite_sheet(pictures: NDArray[np.uint8]) -> Sprites:
    """Shrink square pictures uint8 [N, S, S, 3] and lay them on one sheet, about square.

    Raises:
        DataError: If the sheet cannot be written.

    Example:
        >>> sheet = sprite_sheet(np.zeros((5, 64, 64, 3), np.uint8))
        >>> sheet.side_px, sheet.columns
        (48, 3)
    """
    side = sprite_side(len(pictures))
    columns = max(1, math.ceil(math.sqrt(len(pictures))))
    rows = max(1, math.ceil(len(pictures) / columns))
    sheet = np.zeros((rows * side, columns * side, 3), np.uint8)
    for index, picture in enumerate(pictures):
        top, left = side * (index // columns), side * (index % columns)
        sheet[top : top + side, left : left + side] = cv2.resize(
            np.asarray(picture), (side, side), interpolation=cv2.INTER_AREA
        )
    return Sprites(data_uri(sheet, QUALITY), side, columns)
