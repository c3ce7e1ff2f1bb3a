"""k-means features: what a single layer can do without a label (Coates, Lee and Ng 2011)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.study.montage import montage, stretched
from laveran.study.representations.patches import SIDE_PX, Patches, Whitening, drawn_patches, pooled
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

CENTRES = 200


class KmeansFeatures:
    """How near a cell's patches are to each of K centres, pooled over the quadrants.

    Args:
        centres: K, or as many as there are patches.
        seed: Of the patches and of k-means.
        step: Told of every few cells.
    """

    def __init__(self, *, centres: int = CENTRES, seed: int = 0, step: Step = ignore) -> None:
        self.centres, self.seed, self.step = centres, seed, step
        self.whitening: Any = None
        self.kmeans: Any = None

    def fit(self, pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Cluster whitened patches; labels are not looked at."""
        from sklearn.cluster import MiniBatchKMeans

        patches = drawn_patches(pictures, seed=self.seed)
        self.whitening = Whitening.of(patches)
        self.kmeans = MiniBatchKMeans(
            min(self.centres, len(patches)), n_init=1, random_state=self.seed, batch_size=2048
        ).fit(self.whitening(patches))

    def vectors(self, pictures: Pictures) -> Vectors:
        """Pooled activations float32 [N, 4K]."""
        return pooled(pictures, self._encode, self.step)

    def sights(self, _pictures: Pictures) -> tuple[Sight, ...]:
        """The centres, the most used first."""
        used = np.bincount(self.kmeans.labels_, minlength=len(self.kmeans.cluster_centers_))
        first = np.argsort(-used, kind="stable")[:64]
        shape = (-1, SIDE_PX, SIDE_PX, 3)
        tiles = [stretched(each) for each in self.kmeans.cluster_centers_[first].reshape(shape)]
        caption = (
            "Centres of k-means on whitened patches: spots, edges and the violet of stain, found "
            "without a label."
        )
        return (Sight(caption, montage(tiles, 16, 40)),)

    def _encode(self, patches: Patches) -> NDArray[np.float32]:
        """The triangle activation max(0, mean(z) - z_k), z_k the distance to centre k [M, K]."""
        return triangle(self.whitening(patches), self.kmeans.cluster_centers_)


def triangle(patches: Patches, centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Equation 3 of the paper (section 3.2.2): half of the centres, the far ones, give 0.

    >>> triangle(np.array([[0.0]], np.float32), np.array([[1.0], [3.0]], np.float32))
    array([[1., 0.]], dtype=float32)
    """
    squared = (patches**2).sum(1, keepdims=True) - 2 * patches @ centres.T + (centres**2).sum(1)
    apart = np.sqrt(np.maximum(squared, 0))  # [M, K]
    return np.asarray(np.maximum(apart.mean(1, keepdims=True) - apart, 0), np.float32)
