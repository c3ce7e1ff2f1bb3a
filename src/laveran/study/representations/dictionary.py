"""Dictionary learning: patches as sums of a few atoms, which are learned without a label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.study.montage import montage, stretched
from laveran.study.representations.patches import SIDE_PX, Patches, Whitening, drawn_patches, pooled
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

ATOMS = 100
LEARNED_FROM = 10_000  # patches
ROUNDS = 3  # over them
SPARSITY = 1.0


class Dictionary:
    """Sparse codes of patches, pooled over the quadrants.

    The dictionary is learned online (Mairal et al. 2009, ICML, p. 689, scikit-learn's). Cells are
    encoded by a soft threshold, positive and negative parts apart: with a dictionary learned by
    sparse coding it does about as well as sparse coding itself, at the price of a matrix product
    (Coates and Ng 2011, ICML, p. 921).

    Args:
        atoms: K.
        patches: How many to learn from.
        seed: Of the patches and the learning.
        step: Told of every few cells.
    """

    def __init__(
        self,
        *,
        atoms: int = ATOMS,
        patches: int = LEARNED_FROM,
        seed: int = 0,
        step: Step = ignore,
    ) -> None:
        self.count, self.learned_from, self.seed, self.step = atoms, patches, seed, step
        self.whitening: Any = None
        self.atoms: Any = None

    def fit(self, pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Learn atoms of whitened patches; labels are not looked at."""
        patches = drawn_patches(pictures, self.learned_from, seed=self.seed)
        self.whitening = Whitening.of(patches)
        self.atoms = learned_atoms(self.whitening(patches), self.count, self.seed)

    def vectors(self, pictures: Pictures) -> Vectors:
        """Pooled codes float32 [N, 8K]."""
        return pooled(pictures, self._encode, self.step)

    def sights(self, _pictures: Pictures) -> tuple[Sight, ...]:
        """The atoms."""
        tiles = [stretched(each) for each in self.atoms.reshape(-1, SIDE_PX, SIDE_PX, 3)]
        caption = "Atoms of the dictionary: every patch is written as a sum of few of these."
        return (Sight(caption, montage(tiles, 20, 40)),)

    def _encode(self, patches: Patches) -> NDArray[np.float32]:
        """Soft thresholds of both signs [M, 2K]."""
        fit = self.whitening(patches) @ self.atoms.T
        return np.maximum(np.concatenate([fit, -fit], axis=1) - SPARSITY, 0)


def learned_atoms(patches: Patches, atoms: int, seed: int) -> NDArray[np.float32]:
    """Atoms of length 1, float32 [K, P], for patches [M, P]."""
    from sklearn.decomposition import MiniBatchDictionaryLearning

    learning = MiniBatchDictionaryLearning(
        atoms,
        alpha=SPARSITY,
        max_iter=ROUNDS,
        batch_size=256,
        fit_algorithm="cd",
        random_state=seed,
    ).fit(patches.astype(np.float64))  # its tolerance is beyond float32
    return np.asarray(learning.components_, np.float32)
