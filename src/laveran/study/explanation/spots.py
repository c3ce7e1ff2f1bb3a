"""Stained spots in real cells: where a parasite most likely lies, by colour alone.

Giemsa stains a parasite's chromatin violet: it takes away red and green light, where the eosin of
a red cell takes green alone and evenly. So a spot is where the two are absorbed clearly more than
in the cell at large, measured as optical density. Platelets upon the cell and stain deposit are
spots too, and a pale ring may be none: a mask is a likely place, no truth.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.study.foreground import inside

RIM_PX = 3  # of a cell of 64 px: outlines are dark, whatever lies in the cell
DENSER = 0.08  # mean optical density in red and green above the cell's median
NOISE = 4.0  # and above so many of its median absolute deviations
LEAST_PX = 5  # a spot's area


def stained_spots(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where a cell absorbs red and green light clearly more than at large.

    Args:
        picture: A prepared cell on black, uint8 [S, S, 3] RGB.

    Returns:
        bool [S, S]; nowhere where the cell has no such spot.

    Example:
        >>> cell = np.full((64, 64, 3), (210, 150, 170), np.uint8)
        >>> cell[30:34, 30:34] = (120, 60, 150)
        >>> int(stained_spots(cell).sum())
        16
    """
    body = inside(picture, RIM_PX)
    if not body.any():
        return body
    density = -np.log10((picture[..., :2].astype(np.float64) + 1) / 256).mean(2)
    median = np.median(density[body])
    noise = np.median(np.abs(density[body] - median))
    spots = body & (density > median + max(DENSER, NOISE * noise))
    count, components, facts, _ = cv2.connectedComponentsWithStats(spots.astype(np.uint8))
    large = [number for number in range(1, count) if facts[number, cv2.CC_STAT_AREA] >= LEAST_PX]
    return np.asarray(np.isin(components, large))
