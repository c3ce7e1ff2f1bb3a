"""One interface for every representation of the lecture: cells in, vectors out."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]  # [N, S, S, 3] RGB
Vectors = NDArray[np.float32]  # [N, D]


class Representation(Protocol):
    """A way to say in D numbers what a cell looks like.

    Unsupervised methods ignore the labels, methods without anything to learn the cells too.
    """

    def fit(self, pictures: Pictures, y_true: NDArray[np.int64]) -> None:
        """Learn from training cells uint8 [N, S, S, 3] and their labels [N]."""

    def vectors(self, pictures: Pictures) -> Vectors:
        """The vectors float32 [N, D] of cells uint8 [N, S, S, 3]; D is the same for all calls."""
