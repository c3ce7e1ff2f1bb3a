"""Patches: small windows of cells, whitened, and what a cell's patches pool to.

The pipeline of Coates, Lee and Ng 2011 (AISTATS, p. 215, section 3): contrast normalisation,
ZCA whitening, an encoder for each patch, pooling over the quadrants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.errors import DataError
from laveran.study.foreground import inside, masks
from laveran.study.representations.representation import Pictures, Step, ignore

SIDE_PX = 8
STRIDE_PX = 2
NUMBERS = SIDE_PX * SIDE_PX * 3  # P
PATCHES = 30_000  # that something is learned from
CELLS_AT_ONCE = 32

Patches = NDArray[np.float32]  # [M, P]
Encode = Callable[[Patches], NDArray[np.float32]]  # [M, P] -> [M, K]


@dataclass(frozen=True)
class Grid:
    """All patches of some cells.

    Attributes:
        patches: float32 [n, r, c, P], 0..255.
        inside: Whether a patch's centre is inside its cell, bool [n, r, c].
    """

    patches: Patches
    inside: NDArray[np.bool_]


def grids(pictures: Pictures, stride_px: int = STRIDE_PX, step: Step = ignore) -> Iterator[Grid]:
    """The patches of cells uint8 [N, S, S, 3], some cells at a time, in their order."""
    half = SIDE_PX // 2
    for start in range(0, len(pictures), CELLS_AT_ONCE):
        some = pictures[start : start + CELLS_AT_ONCE]
        windows = np.lib.stride_tricks.sliding_window_view(some, (SIDE_PX, SIDE_PX), axis=(1, 2))
        chosen = windows[:, ::stride_px, ::stride_px]  # [n, r, c, 3, SIDE_PX, SIDE_PX]
        n, rows, columns = chosen.shape[:3]
        patches = chosen.transpose(0, 1, 2, 4, 5, 3).reshape(n, rows, columns, NUMBERS)
        centres = masks(some)[:, half::stride_px, half::stride_px][:, :rows, :columns]
        yield Grid(patches.astype(np.float32), centres)
        step(start + len(some), len(pictures))


def drawn_patches(pictures: Pictures, count: int = PATCHES, *, seed: int = 0) -> Patches:
    """About `count` patches drawn from inside of cells, in equal numbers, float32 [M, P].

    Raises:
        DataError: If no patch lies inside a cell.
    """
    rng = np.random.default_rng(seed)
    each = -(-count // max(len(pictures), 1))
    half, drawn = SIDE_PX // 2, []
    for picture in pictures:
        windows = np.lib.stride_tricks.sliding_window_view(picture, (SIDE_PX, SIDE_PX), (0, 1))
        centres = inside(picture)[half:, half:][: len(windows), : windows.shape[1]]
        places = np.argwhere(centres)
        row, column = places[rng.permutation(len(places))[:each]].T
        chosen = windows[row, column].transpose(0, 2, 3, 1)  # [m, SIDE_PX, SIDE_PX, 3]
        drawn.append(chosen.reshape(-1, NUMBERS).astype(np.float32))
    found = np.concatenate(drawn) if drawn else np.zeros((0, NUMBERS), np.float32)
    if not len(found):
        raise DataError(f"{len(pictures)} cells of all-black pictures have no patch to learn from")
    return found


@dataclass(frozen=True)
class Whitening:
    """Contrast normalisation and ZCA (eps 0.1, as in the paper).

    Attributes:
        mean: Of normalised patches, float32 [P].
        turn: The symmetric matrix float32 [P, P].
    """

    mean: NDArray[np.float32]
    turn: NDArray[np.float32]

    @classmethod
    def of(cls, patches: Patches) -> Whitening:
        """Learned from patches [M, P]."""
        normal = normalised(patches)
        variances, directions = np.linalg.eigh(np.cov(normal, rowvar=False))
        turn = (directions / np.sqrt(np.maximum(variances, 0) + 0.1)) @ directions.T
        return cls(normal.mean(0), turn.astype(np.float32))

    def __call__(self, patches: Patches) -> Patches:
        """Whitened patches float32 [M, P] of patches [M, P]."""
        return np.asarray((normalised(patches) - self.mean) @ self.turn, np.float32)


def normalised(patches: Patches) -> Patches:
    """Patches [M, P] without their mean, over their standard deviation (section 3.2.1, plus 10)."""
    centred = patches - patches.mean(1, keepdims=True)
    return np.asarray(centred / np.sqrt(centred.var(1, keepdims=True) + 10), np.float32)


def pooled(pictures: Pictures, encode: Encode, step: Step = ignore) -> NDArray[np.float32]:
    """What the patches inside a cell are encoded to, averaged over each quadrant.

    Args:
        pictures: Cells uint8 [N, S, S, 3].
        encode: Turns patches [M, P] into codes [M, K].
        step: Told of every few cells.

    Returns:
        float32 [N, 4K]; zeros for a quadrant without a patch inside.
    """
    vectors = []
    for grid in grids(pictures, step=step):
        n, rows, columns, _ = grid.patches.shape
        within = grid.inside.astype(np.float32)[..., np.newaxis]
        codes = encode(grid.patches.reshape(-1, NUMBERS)).reshape(n, rows, columns, -1) * within
        down, right = (rows + 1) // 2, (columns + 1) // 2
        quadrants = [
            codes[:, top, left].sum((1, 2)) / np.maximum(within[:, top, left].sum((1, 2)), 1)
            for top in (slice(down), slice(down, None))
            for left in (slice(right), slice(right, None))
        ]
        vectors.append(np.concatenate(quadrants, axis=1))  # [n, 4K]
    return np.concatenate(vectors)
