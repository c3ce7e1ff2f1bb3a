"""What a glimpse at a cell keeps: enough to find its twins, and what a cheat would look at."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

DARKEST = 20  # luminance up to which a pixel is the black around a segmented cell
SIDE_PX = 32


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A cell, briefly.

    Attributes:
        thumbnail: Luminance of the cell's bounding box, stretched, uint8 [SIDE_PX, SIDE_PX].
        mask_area_px: Pixels that are not black.
        colour: Mean red, green and blue of those, 0..255; zeros where all is black.
    """

    thumbnail: NDArray[np.uint8]
    mask_area_px: int
    colour: tuple[float, float, float]


def glimpse(image: NDArray[np.uint8]) -> Glimpse:
    """Look at an RGB picture, uint8 [H, W, 3].

    The black margin is cut off, so that a cell cut out more generously looks the same.

    >>> cell = np.zeros((40, 40, 3), np.uint8)
    >>> cell[10:30, 5:25] = (200, 150, 160)
    >>> seen = glimpse(cell)
    >>> seen.mask_area_px, seen.colour
    (400, (200.0, 150.0, 160.0))
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    mask = cv2.compare(grey, DARKEST, cv2.CMP_GT)
    left, top, width, height = cv2.boundingRect(mask)
    if width and height:
        grey = grey[top : top + height, left : left + width]
    way = cv2.INTER_AREA if min(grey.shape) >= SIDE_PX else cv2.INTER_LINEAR
    thumbnail = np.asarray(cv2.resize(grey, (SIDE_PX, SIDE_PX), interpolation=way), np.uint8)
    red, green, blue, _ = cv2.mean(image, mask)
    return Glimpse(thumbnail, cv2.countNonZero(mask), (red, green, blue))
