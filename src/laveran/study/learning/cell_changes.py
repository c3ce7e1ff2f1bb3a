"""Changes of prepared cells that leave the label as it is: moved, turned, rescaled, recoloured.

All take and give uint8 [N, S, S, 3] RGB; what comes in from beyond the edge is black, as the margin
around a segmented cell is.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.study.representations.representation import Pictures


def framed(pictures: Pictures, side_px: int) -> Pictures:
    """The cells in the middle of larger black squares, so that there is room to move them.

    Args:
        pictures: uint8 [N, S, S, 3].
        side_px: Side of the larger squares, at least S.

    Raises:
        ValueError: If it is smaller.

    Example:
        >>> framed(np.full((1, 2, 2, 3), 9, np.uint8), 4)[0, :, :, 0].tolist()
        [[0, 0, 0, 0], [0, 9, 9, 0], [0, 9, 9, 0], [0, 0, 0, 0]]
    """
    room = side_px - pictures.shape[1]
    if room < 0:
        raise ValueError(f"cells of {pictures.shape[1]} px do not fit into {side_px} px")
    before, after = room // 2, room - room // 2
    return np.pad(pictures, ((0, 0), (before, after), (before, after), (0, 0)))


def shifted(pictures: Pictures, right_px: float, down_px: float = 0.0) -> Pictures:
    """The cells moved; by whole pixels exactly, else sampled between pixels.

    >>> shifted(np.array([[[[5, 5, 5], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]]], np.uint8), 1)[0, 0, 1]
    array([5, 5, 5], dtype=uint8)
    """
    return _warped(pictures, np.array([[1, 0, right_px], [0, 1, down_px]], np.float64))


def turned(pictures: Pictures, degrees: float) -> Pictures:
    """The cells turned about their middle, counter-clockwise; by 90 degrees exactly."""
    return _warped(pictures, _about_the_middle(pictures, degrees, 1.0))


def scaled(pictures: Pictures, factor: float) -> Pictures:
    """The cells enlarged or made smaller about their middle."""
    return _warped(pictures, _about_the_middle(pictures, 0.0, factor))


def hue_turned(pictures: Pictures, degrees: float) -> Pictures:
    """The cells with every hue turned on the colour circle (HSV); black, grey and white stay.

    >>> hue_turned(np.array([[[[200, 0, 0]]]], np.uint8), 120).ravel().tolist()
    [0, 200, 0]
    """
    tall = pictures.reshape(-1, pictures.shape[2], 3).astype(np.float32) / 255  # [N * S, S, 3]
    hsv = cv2.cvtColor(tall, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    rgb = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return _bytes(rgb * 255).reshape(pictures.shape)


def restained(pictures: Pictures, strength: float) -> Pictures:
    """The cells with so many times the stain: light falls off by powers of it (Beer and Lambert).

    Where a pixel lets through the share t of white light, it then lets through t ** strength.
    Black, the margin, stays.

    >>> restained(np.array([[[[255, 128, 0]]]], np.uint8), 2).ravel().tolist()
    [255, 64, 0]
    """
    table = 255 * (np.arange(256) / 255) ** strength
    stained: Pictures = _bytes(table)[pictures]
    return stained


def _about_the_middle(pictures: Pictures, degrees: float, factor: float) -> NDArray[np.float64]:
    """The matrix of a turn and a zoom."""
    middle = (pictures.shape[1] - 1) / 2
    return np.asarray(cv2.getRotationMatrix2D((middle, middle), degrees, factor), np.float64)


def _warped(pictures: Pictures, matrix: NDArray[np.float64]) -> Pictures:
    """Each cell through one affine map [2, 3], from old to new places."""
    size = pictures.shape[1:3]
    return np.stack(
        [
            cv2.warpAffine(each, matrix, size, flags=cv2.INTER_LINEAR, borderValue=0)
            for each in pictures
        ]
    )


def _bytes(values: NDArray[np.floating]) -> Pictures:
    """Values in 0..255, rounded."""
    rounded: Pictures = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
