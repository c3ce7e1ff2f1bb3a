"""Colour statistics: what colours a cell has, wherever they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.study.foreground import inside
from laveran.study.montage import glowing, montage
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

BINS = 16
REACH = 40.0  # units of CIELAB around the median that the histograms cover
DIMENSION = 3 * 3 + 3 * BINS


class ColourStatistics:
    """Moments and histograms of a cell's colours in CIELAB, which is spaced as the eye sees.

    Mean, standard deviation and skewness of each channel (Stricker and Orengo 1995), then a
    histogram of each channel's distance from the cell's own median, which is the same for a pale
    film and a dark one. Turning or mirroring a cell changes nothing. A black picture is all zeros.

    Args:
        step: Told of every cell.
    """

    def __init__(self, *, step: Step = ignore) -> None:
        self.step = step

    def fit(self, _pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Nothing is learned."""

    def vectors(self, pictures: Pictures) -> Vectors:
        """Nine moments and three histograms, float32 [N, 57]."""
        vectors = np.zeros((len(pictures), DIMENSION), np.float32)
        for number, picture in enumerate(pictures):
            colours = lab(picture)[inside(picture)]  # [pixels, 3]
            if len(colours):
                vectors[number] = np.concatenate([_moments(colours), _histograms(colours)])
            self.step(number + 1, len(pictures))
        return vectors

    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """How far each pixel's colour is from the cell's median."""
        tiles = list(pictures)
        for picture in pictures:
            mask, colours = inside(picture), lab(picture)
            median = np.median(colours[mask], axis=0) if mask.any() else np.zeros(3)
            apart = np.linalg.norm(colours - median, axis=2) * mask
            tiles.append(glowing(apart.astype(np.float32), 0, REACH))
        caption = (
            "Below each cell, how far its pixels are from its median colour, in CIELAB. The "
            "statistics know how many are how far, not where."
        )
        return (Sight(caption, montage(tiles, len(pictures), 96)),)


def lab(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """CIELAB of an RGB picture uint8 [S, S, 3]: lightness 0..100, a and b about -127..127."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _moments(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean, standard deviation and the cube root of the third moment of each channel [9]."""
    mean = colours.mean(0)
    apart = colours - mean
    return np.concatenate([mean, apart.std(0), np.cbrt((apart**3).mean(0))])


def _histograms(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares of the pixels in bins around the median of each channel [3 * BINS]."""
    apart = np.clip(colours - np.median(colours, axis=0), -REACH, REACH)
    counts = [np.histogram(apart[:, c], BINS, (-REACH, REACH))[0] for c in range(3)]
    return np.concatenate(counts).astype(np.float32) / np.float32(len(colours))
