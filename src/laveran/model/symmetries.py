"""The eight symmetries of the square: a cell has no up and no left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

COUNT = 8


def turned(cells: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The cells [N, S, S, ...] in each of their eight flips and turns, themselves first.

    Example:
        >>> corner = np.array([[[1, 0], [0, 0]]])
        >>> sorted(view[0].argmax().item() for view in turned(corner))
        [0, 0, 1, 1, 2, 2, 3, 3]
    """
    for symmetry in range(COUNT):
        quarter = np.rot90(cells, symmetry % 4, axes=(1, 2))
        yield np.ascontiguousarray(quarter[:, :, ::-1] if symmetry >= 4 else quarter)


def turned_back(views: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Undo `turned`: each of its eight views, or maps [N, h, w] of them, as `cells` lie.

    Example:
        >>> cells = np.arange(12).reshape(1, 2, 2, 3)
        >>> all((view == cells).all() for view in turned_back(turned(cells)))
        True
    """
    for symmetry, view in enumerate(views):
        quarter = view[:, :, ::-1] if symmetry >= 4 else view
        yield np.rot90(quarter, -(symmetry % 4), axes=(1, 2))
