"""What of a crop is the cell: crops lie on black, which must tell a method nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.audit.glimpse import DARKEST

Mask = NDArray[np.bool_]  # [S, S]


def inside(picture: NDArray[np.uint8], shrink_px: int = 1) -> Mask:
    """Where the cell is, without the outermost pixels, which scaling has mixed with black.

    Args:
        picture: A cell on black, uint8 [S, S, 3] RGB.
        shrink_px: How far from the outline the mask stays.

    Returns:
        bool [S, S].

    >>> cell = np.zeros((9, 9, 3), np.uint8)
    >>> cell[2:7, 2:7] = 180
    >>> int(inside(cell).sum())
    9
    """
    lit = cv2.compare(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), DARKEST, cv2.CMP_GT)
    reach = 2 * shrink_px + 1
    return np.asarray(cv2.erode(lit, np.ones((reach, reach), np.uint8)) > 0)


def masks(pictures: NDArray[np.uint8], shrink_px: int = 1) -> NDArray[np.bool_]:
    """`inside` of each of cells uint8 [N, S, S, 3]; bool [N, S, S]."""
    found = [inside(picture, shrink_px) for picture in pictures]
    return np.stack(found) if found else np.zeros(pictures.shape[:3], np.bool_)


def on_own_colour(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The cell on its own median colour instead of on black, so that its outline is no edge.

    >>> cell = np.zeros((9, 9, 3), np.uint8)
    >>> cell[2:7, 2:7] = (200, 150, 160)
    >>> on_own_colour(cell)[0, 0].tolist()
    [200, 150, 160]
    """
    mask = inside(picture)
    if not mask.any():
        return picture
    colour = np.median(picture[mask], axis=0).astype(np.uint8)
    return np.where(mask[..., np.newaxis], picture, colour)
