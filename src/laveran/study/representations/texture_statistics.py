"""Texture statistics: how the grey of neighbouring pixels goes together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laveran.study.foreground import inside
from laveran.study.montage import glowing, montage
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

GREEN = 1
LEVELS = 32
DISTANCES_PX = (1, 3)
LBP = ((1, 8), (2, 8))  # radius in pixels, points on the circle
PATTERNS = 36  # of eight bits, where turned patterns are one
HARALICK = 13
DIMENSION = 2 * HARALICK * len(DISTANCES_PX) + PATTERNS * len(LBP)


class TextureStatistics:
    """Haralick's features at two distances and local binary patterns at two radii, on green.

    Of Haralick's 13 (Haralick et al. 1973, IEEE SMC-3:610) the mean and the range over four
    directions; of local binary patterns (Ojala et al. 2002, IEEE PAMI 24:971) the histogram where
    turned patterns are one. Turning a cell by 90 degrees leaves Haralick's features as they are.
    Black pixels do not count, and a black picture is all zeros.

    Args:
        step: Told of every cell.
    """

    def __init__(self, *, step: Step = ignore) -> None:
        import mahotas.features  # noqa: F401, a missing library is told before any work

        self.step = step

    def fit(self, _pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Nothing is learned."""

    def vectors(self, pictures: Pictures) -> Vectors:
        """Haralick's features, then the patterns' shares, float32 [N, 124]."""
        vectors = np.zeros((len(pictures), DIMENSION), np.float32)
        for number, picture in enumerate(pictures):
            mask = inside(picture)
            if mask.any():
                parts = [_haralick(picture[..., GREEN], mask), _patterns(picture, mask)]
                vectors[number] = np.concatenate(parts)
            self.step(number + 1, len(pictures))
        return vectors

    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """Which binary pattern each pixel has."""
        tiles = list(pictures)
        for picture in pictures:
            codes = _codes(picture[..., GREEN], *LBP[0]) * inside(picture)
            tiles.append(glowing(codes.astype(np.float32), 0, PATTERNS - 1))
        caption = (
            "Below each cell, the local binary pattern of each pixel: which of its eight "
            "neighbours are brighter, turned patterns alike. Their shares are the statistics."
        )
        return (Sight(caption, montage(tiles, len(pictures), 96)),)


def _haralick(green: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean and range of the 13 features at each distance [52]; zeros where no pair is inside."""
    from mahotas.features import haralick

    levels = np.where(mask, 1 + green // (256 // LEVELS), 0)
    try:
        found: list[NDArray[np.float64]] = [
            haralick(levels, ignore_zeros=True, return_mean_ptp=True, distance=distance)
            for distance in DISTANCES_PX
        ]
    except ValueError:  # it refuses where all pairs are ignored
        return np.zeros(2 * HARALICK * len(DISTANCES_PX))
    return np.concatenate(found)


def _patterns(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Shares of the patterns at each radius [72]."""
    counts = [
        np.bincount(_codes(picture[..., GREEN], *circle)[mask], minlength=PATTERNS)
        for circle in LBP
    ]
    return np.asarray(np.concatenate(counts) / mask.sum(), np.float64)


def _codes(green: NDArray[np.uint8], radius: int, points: int) -> NDArray[np.int64]:
    """The pattern of each pixel [S, S], numbered from 0."""
    from mahotas.features.lbp import lbp_transform

    smallest = lbp_transform(green, radius, points, ignore_zeros=False).astype(np.int64)
    return np.asarray(np.searchsorted(_turned_alike(points), smallest), np.int64)


def _turned_alike(points: int) -> NDArray[np.int64]:
    """The smallest number among all turns of each pattern, sorted and without repeats."""
    whole = (1 << points) - 1
    smallest = {
        min(((code << turn) | (code >> (points - turn))) & whole for turn in range(points))
        for code in range(1 << points)
    }
    return np.array(sorted(smallest))
