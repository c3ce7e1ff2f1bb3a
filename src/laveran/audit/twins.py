"""Near-duplicate cells: the same picture again, turned, mirrored, rescaled or compressed anew.

Two thumbnails are compared as unit vectors (mean 0, length 1, so that brightness and contrast do
not count) in all eight symmetries; their distance d means a correlation of 1 - d^2 / 2. Of the
homework's 12,586 cells no two are closer than 0.18, while a cell that was turned, mirrored, padded,
lightened, made noisy, compressed to JPEG of quality 75 or shrunk to 80% stays within 0.12 of
itself. (A cell cut out anew, two pixels tighter, does not: this finds copies, not second looks.)

All pairs are first compared by a signature that no symmetry changes and whose distances are never
longer than those of the thumbnails, so that pruning by it misses nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran.model.symmetries import turned

NEAR = 0.12
FLAT = 1.0  # grey levels of spread below which a thumbnail has no structure to compare
FREQUENCIES = 16  # lowest of the cosine transform that enter the signature
BLOCK = 1024  # cells compared with all others at once

Floats = NDArray[np.float32]


class Twin(NamedTuple):
    """Two cells that look like one.

    Attributes:
        first: Index of the cell that comes first.
        second: Index of the other.
        distance: 0 for equal files, up to `NEAR`.
    """

    first: int
    second: int
    distance: float


def find_twins(
    thumbnails: NDArray[np.uint8],
    sha256: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> list[Twin]:
    """All pairs of near-duplicates, the closest first.

    Of files that are equal byte for byte each is paired with the first of them, and only that one
    is compared with other pictures. Thumbnails of one colour are compared as files only.

    Args:
        thumbnails: uint8 [N, S, S].
        sha256: Hash of each picture's bytes [N].
        progress: Called with the number of cells compared with all others, and of all.

    Example:
        >>> cell = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
        >>> find_twins(np.stack([cell, 255 - cell, np.rot90(cell)]), ["a", "b", "c"])
        [Twin(first=0, second=2, distance=0.0)]
    """
    first: dict[str, int] = {}
    equal = [
        Twin(first[digest], index, 0.0)
        for index, digest in enumerate(sha256)
        if first.setdefault(digest, index) != index
    ]
    places = np.array(list(first.values()), np.int64)
    places = places[thumbnails[places].std((1, 2)) >= FLAT]
    near = _near(unit(thumbnails[places]), progress)
    found = [Twin(int(places[i]), int(places[j]), distance) for i, j, distance in near]
    return sorted([*equal, *found], key=lambda twin: (twin.distance, twin.first, twin.second))


def unit(thumbnails: NDArray[np.uint8]) -> Floats:
    """The thumbnails [N, S, S] with mean 0 and length 1."""
    values = thumbnails.astype(np.float32)
    values -= values.mean((1, 2), keepdims=True)
    values /= np.sqrt((values**2).sum((1, 2), keepdims=True))
    return values


def signature(units: Floats) -> Floats:
    """What no symmetry of the square changes [N, D].

    A mirror changes the signs of a picture's cosine coefficients, the diagonal swaps c[u, v] and
    c[v, u]; so the larger and the smaller of |c[u, v]| and |c[v, u]| stay. The transform is
    orthonormal, and neither absolute values, sorting, nor leaving coefficients out makes a
    distance longer.

    Args:
        units: float32 [N, S, S].
    """
    cosines = _cosines(units.shape[-1])[:FREQUENCIES]
    size = np.abs(cosines @ units @ cosines.T)  # [N, F, F]
    row, column = np.triu_indices(len(cosines))
    pair = np.stack([size[:, row, column], size[:, column, row]])  # [2, N, F (F + 1) / 2]
    pair[1, :, row == column] = 0  # the diagonal counts once
    return np.concatenate([pair.max(0), pair.min(0)], axis=1)


def distance(ones: Floats, others: Floats) -> Floats:
    """The distance [M] of pairs of unit thumbnails [M, S, S] in the closest of 8 symmetries."""
    lengths = np.stack([np.sqrt(((view - others) ** 2).sum((1, 2))) for view in turned(ones)])
    return np.asarray(lengths.min(0), np.float32)


def _near(
    units: Floats, progress: Callable[[int, int], None] | None
) -> list[tuple[int, int, float]]:
    """Pairs of unit thumbnails within `NEAR` of each other."""
    signatures = signature(units)
    squares = (signatures**2).sum(1)
    found: list[tuple[int, int, float]] = []
    for start in range(0, len(units), BLOCK):
        block = slice(start, start + BLOCK)
        products = signatures[block] @ signatures[start:].T
        gaps = squares[block, np.newaxis] + squares[start:] - 2 * products
        i, j = np.nonzero(gaps <= NEAR**2 + 1e-5)  # float32 rounds
        i, j = start + i[i < j], start + j[i < j]
        for chunk in range(0, i.size, BLOCK):
            one, other = i[chunk : chunk + BLOCK], j[chunk : chunk + BLOCK]
            apart = distance(units[one], units[other]).astype(np.float64).round(4)
            close = apart <= NEAR
            found += zip(
                one[close].tolist(), other[close].tolist(), apart[close].tolist(), strict=True
            )
        if progress:
            progress(min(start + BLOCK, len(units)), len(units))
    return found


def _cosines(side: int) -> Floats:
    """The orthonormal cosine transform (DCT-II) as a matrix [side, side]."""
    k = np.arange(side)
    waves = np.sqrt(2 / side) * np.cos(np.pi * k[:, np.newaxis] * (2 * k + 1) / (2 * side))
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)
