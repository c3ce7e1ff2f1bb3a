"""Supervised dictionary learning: a dictionary for each class, and which of them fits better.

A patch belongs to the class whose dictionary leaves the smaller residual (Mairal et al. 2008,
CVPR, "Discriminative learned dictionaries for local image analysis", section 3; Ramirez et al.
2010, CVPR, p. 3501). Labels are of cells, not of patches, and most of a parasitized cell is as any
other; so the dictionary of parasitized cells is learned from those of their patches that the one of
uninfected cells explains worst. The papers' further terms (a softmax of the residuals, incoherence
between the dictionaries) are left out.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.errors import DataError
from laveran.study.foreground import inside
from laveran.study.montage import glowing, montage, stretched
from laveran.study.representations.dictionary import learned_atoms
from laveran.study.representations.patches import (
    NUMBERS,
    SIDE_PX,
    Patches,
    Whitening,
    drawn_patches,
    grids,
)
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

ATOMS = 64
LEARNED_FROM = 10_000  # patches of each class
UNEXPLAINED = 0.2  # share of the patches of parasitized cells that are theirs alone
ACTIVE = 3  # atoms of a code
STRIDE_PX = 4
QUANTILES = (0.1, 0.5, 0.75, 0.9, 0.95, 0.98, 1.0)


class ClassDictionaries:
    """Residuals under a dictionary of each class, and the codes.

    A cell's vector: quantiles over its patches of the residual under each dictionary and of their
    difference, then the mean size of each atom's coefficient.

    Args:
        atoms: Of each dictionary.
        patches: Of each class, to learn from.
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
        self.dictionaries: tuple[NDArray[np.float32], ...] = ()  # uninfected, parasitized

    def fit(self, pictures: Pictures, y_true: NDArray[np.int64]) -> None:
        """Learn a dictionary of each class from cells of both.

        Raises:
            DataError: If a class is missing.
        """
        if set(np.unique(y_true).tolist()) != {0, 1}:
            raise DataError("dictionaries of two classes need cells of both")
        raw = [
            drawn_patches(pictures[y_true == label], self.learned_from, seed=self.seed)
            for label in (0, 1)
        ]
        self.whitening = Whitening.of(np.concatenate(raw))
        plain, suspect = map(self.whitening, raw)
        uninfected = learned_atoms(plain, self.count, self.seed)
        _, residuals = pursued(suspect, uninfected, ACTIVE)
        strange = residuals >= np.quantile(residuals, 1 - UNEXPLAINED)
        self.dictionaries = (uninfected, learned_atoms(suspect[strange], self.count, self.seed))

    def vectors(self, pictures: Pictures) -> Vectors:
        """Quantiles of residuals and mean coefficients, float32 [N, 21 + 2 * atoms]."""
        vectors = np.zeros((len(pictures), 3 * len(QUANTILES) + 2 * self.count), np.float32)
        row = 0
        for grid in grids(pictures, STRIDE_PX, self.step):
            for patches, within in zip(grid.patches, grid.inside, strict=True):
                if within.any():
                    vectors[row] = self._described(patches[within])
                row += 1
        return vectors

    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """Both dictionaries, and where each fits a cell better."""
        shape = (-1, SIDE_PX, SIDE_PX, 3)
        atoms = [
            Sight(f"Atoms of {name}.", montage([*map(stretched, each.reshape(shape))], 16, 40))
            for name, each in zip(
                ("uninfected cells", "what those do not explain in parasitized cells"),
                self.dictionaries,
                strict=True,
            )
        ]
        tiles = [*pictures, *map(self._difference, pictures)]
        caption = (
            "Below each cell, how much better the dictionary of parasitized cells fits: bright "
            "where it does."
        )
        return (*atoms, Sight(caption, montage(tiles, len(pictures), 96)))

    def _residuals(self, patches: Patches) -> tuple[list[Patches], NDArray[np.float32]]:
        """Codes under both dictionaries, and the residuals [2, M]."""
        whitened = self.whitening(patches)
        found = [pursued(whitened, each, ACTIVE) for each in self.dictionaries]
        return [codes for codes, _ in found], np.stack([residual for _, residual in found])

    def _described(self, patches: Patches) -> NDArray[np.float32]:
        """The vector of one cell's patches [M, P]."""
        codes, (plain, other) = self._residuals(patches)
        spread = np.quantile(np.stack([plain, other, plain - other]), QUANTILES, axis=1)
        sizes = [np.abs(each).mean(0) for each in codes]
        return np.concatenate([spread.ravel(), *sizes]).astype(np.float32)

    def _difference(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A map of the residuals' difference on one cell."""
        grid = next(grids(picture[np.newaxis], stride_px=1))
        _, (plain, other) = self._residuals(grid.patches.reshape(-1, NUMBERS))
        better = (plain - other).reshape(grid.inside.shape[1:]) * grid.inside[0]
        half = SIDE_PX // 2
        beyond = (half, SIDE_PX - 1 - half, half, SIDE_PX - 1 - half)
        whole = cv2.copyMakeBorder(better, *beyond, cv2.BORDER_CONSTANT)
        return glowing(whole * inside(picture), 0, 4)


def pursued(
    patches: Patches, atoms: NDArray[np.float32], active: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Matching pursuit: the best atom, again and again (Mallat and Zhang 1993, equation 14).

    Args:
        patches: [M, P].
        atoms: Of length 1 [K, P].
        active: How many times.

    Returns:
        Codes [M, K] and the lengths of what they leave unexplained [M].

    >>> codes, left = pursued(np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]]), active=1)
    >>> codes.tolist(), left.tolist()
    ([[3.0]], [4.0])
    """
    codes = np.zeros((len(patches), len(atoms)), patches.dtype)
    left, rows = patches.copy(), np.arange(len(patches))
    for _ in range(active):
        fit = left @ atoms.T
        best = np.abs(fit).argmax(1)
        size = fit[rows, best]
        codes[rows, best] += size
        left -= size[:, np.newaxis] * atoms[best]
    return codes, np.linalg.norm(left, axis=1)
