"""From a picture of a cell to a network's input: a closed, versioned list of procedures.

A model file names its procedure; this module holds the one implementation. A
procedure never changes under its name: an improvement gets a new version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.errors import ConfigError

Picture = NDArray[np.uint8]


def letterbox(image: Picture, size_px: int) -> Picture:
    """Scale the longer side to `size_px`, keep the shape, centre on black.

    Shrinking averages areas, so that a small parasite fades instead of vanishing.

    Args:
        image: RGB picture, uint8 [H, W, 3].
        size_px: Side of the square result.

    Returns:
        uint8 [size_px, size_px, 3].

    Example:
        >>> import numpy as np
        >>> letterbox(np.full((20, 40, 3), 255, np.uint8), 8)[:, 0, 0].tolist()
        [0, 0, 255, 255, 255, 255, 0, 0]
    """
    height, width = image.shape[:2]
    scale = size_px / max(height, width)
    inner_height = max(1, round(height * scale))
    inner_width = max(1, round(width * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.zeros((size_px, size_px, 3), dtype=np.uint8)
    top, left = (size_px - inner_height) // 2, (size_px - inner_width) // 2
    square[top : top + inner_height, left : left + inner_width] = cv2.resize(
        image, (inner_width, inner_height), interpolation=method
    )
    return square


def stretch(image: Picture, size_px: int) -> Picture:
    """Scale both sides to `size_px`, whatever the shape.

    Args:
        image: RGB picture, uint8 [H, W, 3].
        size_px: Side of the square result.

    Returns:
        uint8 [size_px, size_px, 3].

    Example:
        >>> import numpy as np
        >>> stretch(np.full((20, 40, 3), 255, np.uint8), 8).min()
        np.uint8(255)
    """
    shrinks = min(image.shape[:2]) >= size_px
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=method), dtype=np.uint8)


PROCEDURES: Final[dict[str, Callable[[Picture, int], Picture]]] = {
    "letterbox-v1": letterbox,
    "stretch-v1": stretch,
}


def procedure(name: str) -> Callable[[Picture, int], Picture]:
    """The procedure called `name`.

    Raises:
        ConfigError: If there is none of that name.

    Example:
        >>> procedure("letterbox-v1") is letterbox
        True
    """
    try:
        return PROCEDURES[name]
    except KeyError:
        known = ", ".join(PROCEDURES)
        raise ConfigError(f"no crop procedure is called {name!r}; known are {known}") from None
