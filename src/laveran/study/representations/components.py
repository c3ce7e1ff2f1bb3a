"""Principal components of cells: the few directions in which pictures differ most."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.study.montage import montage, stretched
from laveran.study.representations.representation import Pictures, Sight, Vectors

COMPONENTS = 64
SIDE_PX = 32  # of the pictures: enough for what the first components can hold


class Components:
    """Principal component analysis of small pictures (Turk and Pentland 1991: eigenfaces).

    Args:
        components: How many are kept, or as many as the cells allow.
        seed: Of the randomised decomposition.
    """

    def __init__(self, *, components: int = COMPONENTS, seed: int = 0) -> None:
        self.components, self.seed = components, seed
        self.pca: Any = None

    def fit(self, pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Find the directions; labels are not looked at."""
        from sklearn.decomposition import PCA

        pixels = _pixels(pictures)
        kept = min(self.components, *pixels.shape)
        self.pca = PCA(kept, svd_solver="randomized", random_state=self.seed).fit(pixels)

    def vectors(self, pictures: Pictures) -> Vectors:
        """How far along each direction a cell lies, float32 [N, components]."""
        return np.asarray(self.pca.transform(_pixels(pictures)), np.float32)

    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """The first directions, and what is left of some cells."""
        shape = (-1, SIDE_PX, SIDE_PX, 3)
        directions = [stretched(each) for each in self.pca.components_[:16].reshape(shape)]
        left = self.pca.inverse_transform(self.vectors(pictures)).reshape(shape)
        drawn = np.clip(255 * left, 0, 255).astype(np.uint8)
        explained = float(self.pca.explained_variance_ratio_.sum())
        return (
            Sight("The first components, as pictures.", montage(directions, 8)),
            Sight(
                f"Cells, and what {len(self.pca.components_)} components keep of them: "
                f"{explained:.0%} of the variance, and rarely the parasite.",
                montage([*pictures, *drawn], len(pictures), 96),
            ),
        )


def _pixels(pictures: Pictures) -> NDArray[np.float32]:
    """Small pictures as rows of numbers 0..1, float32 [N, SIDE_PX * SIDE_PX * 3]."""
    small = [
        cv2.resize(each, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA) for each in pictures
    ]
    return np.asarray(small, np.float32).reshape(len(small), -1) / np.float32(255)
