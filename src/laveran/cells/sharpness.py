"""How sharp a picture of a cell is, and which plane of a focus stack is the sharpest."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def sharpness(planes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Variance of the Laplacian of each plane.

    The measure of Pech-Pacheco et al. (2000, doi:10.1109/ICPR.2000.903548), on grey, within the
    cell alone: the edge of a cell cut out on black is as sharp as can be in every plane.

    Args:
        planes: RGB uint8 [P, H, W, 3], one cell, black where no plane shows anything.

    Returns:
        float64 [P]; 0 where there is nothing but margin.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> sharp = rng.integers(1, 256, (32, 32, 3), np.uint8)
        >>> soft = cv2.GaussianBlur(sharp, (0, 0), 2)
        >>> found = sharpness(np.stack([soft, sharp]))
        >>> bool(found[1] > found[0])
        True
    """
    inner = _inner(np.asarray(planes.any(axis=(0, 3))))
    if not inner.any():
        return np.zeros(len(planes))
    grey = [cv2.cvtColor(plane, cv2.COLOR_RGB2GRAY) for plane in planes]
    return np.array([cv2.Laplacian(plane, cv2.CV_64F)[inner].var() for plane in grey])


def sharpest(planes: NDArray[np.uint8]) -> int:
    """Which of the planes RGB uint8 [P, H, W, 3] is the sharpest; the first of equals."""
    return int(sharpness(planes).argmax())


def _inner(shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where the 3 x 3 window of the Laplacian lies within the cell, bool [H, W]."""
    window = np.ones((3, 3), np.uint8)
    eroded = cv2.erode(
        shown.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return np.asarray(eroded, np.bool_)
