"""The nearest vectors to some vectors, found exactly: every distance is measured.

For the 12,586 cells of the homework that takes seconds, for 100,000 it still fits; an index that
may miss a neighbour is worth its doubt only beyond.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran.errors import ConfigError, DataError

Metric = Literal["cosine", "euclid"]
METRICS: tuple[Metric, ...] = ("cosine", "euclid")
NOBODY = -1  # the index where there are fewer than k neighbours
BLOCK = 4_000_000  # distances held at once: 32 MB


class Neighbours(NamedTuple):
    """The k nearest vectors to each of M queries, the nearest first.

    Where there are fewer than k the index is `NOBODY` and the distance infinite.
    """

    indexes: NDArray[np.int64]  # [M, k]
    distances: NDArray[np.float64]  # [M, k]

    @property
    def found(self) -> NDArray[np.bool_]:
        """Where there is a neighbour [M, k]."""
        return np.asarray(self.indexes != NOBODY)


class Apart(NamedTuple):
    """Codes that keep a query from some vectors: an equal code makes no neighbours.

    With a number for each cell a cell is not its own neighbour; with patients as codes, the
    neighbours are of other patients.
    """

    vectors: NDArray[np.generic]  # [N]
    queries: NDArray[np.generic]  # [M]


def nearest(
    vectors: NDArray[np.floating],
    queries: NDArray[np.floating],
    k: int,
    *,
    metric: Metric = "cosine",
    apart: Apart | None = None,
) -> Neighbours:
    """The k nearest of N vectors to each of M queries, by an exhaustive search.

    Args:
        vectors: Where to look, [N, D], finite.
        queries: What to look for, [M, D], finite.
        k: How many, at least 1.
        metric: "cosine", 1 minus the cosine of the angle, 0..2 (a vector of zeros, which has no
            direction, is at 0.5 from all others); or "euclid", the length of the difference.
        apart: Which vectors are no neighbours of which query.

    Raises:
        ConfigError: If there is no such metric, or k is below 1.
        DataError: If the arrays are no tables of the same width, or hold what is no number.

    Example:
        >>> line = np.array([[0.0], [1.0], [3.0], [7.0]])
        >>> number = np.arange(4)
        >>> found = nearest(line, line, 2, metric="euclid", apart=Apart(number, number))
        >>> found.indexes.tolist()
        [[1, 2], [0, 2], [1, 0], [2, 1]]
        >>> found.distances[0].tolist()
        [1.0, 3.0]
    """
    _check(vectors, queries, k)
    where, what = comparable(vectors, metric), comparable(queries, metric)
    kept = min(k, len(where))
    indexes = np.full((len(what), k), NOBODY, np.int64)
    distances = np.full((len(what), k), np.inf)
    rows = max(1, BLOCK // max(1, len(where)))
    for start in range(0, len(what), rows):
        block = slice(start, start + rows)
        squared = _squared_distances(where, what[block])
        if apart:
            squared[apart.queries[block, np.newaxis] == apart.vectors] = np.inf
        index = np.argpartition(squared, kept - 1, axis=1)[:, :kept]
        exact = np.linalg.norm(where[index] - what[block, np.newaxis], axis=2)  # [b, k]
        exact[np.isinf(np.take_along_axis(squared, index, axis=1))] = np.inf
        order = np.lexsort((index, exact), axis=1)  # of equals the first in the table
        indexes[block, :kept] = np.take_along_axis(index, order, axis=1)
        distances[block, :kept] = np.take_along_axis(exact, order, axis=1)
    indexes[np.isinf(distances)] = NOBODY
    # Of unit vectors |a - b|^2 = 2 - 2 cos(a, b).
    return Neighbours(indexes, distances**2 / 2 if metric == "cosine" else distances)


def comparable(vectors: NDArray[np.floating], metric: Metric) -> NDArray[np.float64]:
    """Vectors [N, D] whose straight-line distances rank as `metric` does: unit ones for cosine.

    >>> comparable(np.array([[3.0, 4.0], [0.0, 0.0]]), "cosine").round(9).tolist()
    [[0.6, 0.8], [0.0, 0.0]]

    Raises:
        ConfigError: If there is no such metric.
    """
    if metric not in METRICS:
        raise ConfigError(f"there is no metric {metric!r}; choose one of {', '.join(METRICS)}")
    table = np.asarray(vectors, np.float64)
    if metric == "euclid":
        return table
    length = np.linalg.norm(table, axis=1, keepdims=True)
    return table / np.where(length == 0, 1, length)


def _check(vectors: NDArray[np.floating], queries: NDArray[np.floating], k: int) -> None:
    """Refuse what has no neighbours."""
    if k < 1:
        raise ConfigError(f"{k} neighbours cannot be looked for; ask for 1 or more")
    if vectors.ndim != 2 or queries.ndim != 2 or vectors.shape[1] != queries.shape[1]:
        raise DataError(
            f"vectors and queries must be tables of one width, not {vectors.shape} "
            f"and {queries.shape}"
        )
    if not len(vectors):
        raise DataError("there are no vectors to look among")
    if not (np.isfinite(vectors).all() and np.isfinite(queries).all()):
        raise DataError("a vector holds what is no number; neighbours of it are undefined")


def _squared_distances(
    vectors: NDArray[np.float64], queries: NDArray[np.float64]
) -> NDArray[np.float64]:
    """|q - v|^2 of all pairs [M, N], by |q|^2 - 2 qv + |v|^2: fast, and rounded near 0."""
    lengths = np.einsum("nd,nd->n", vectors, vectors)
    own = np.einsum("md,md->m", queries, queries)
    return np.asarray(own[:, np.newaxis] - 2 * queries @ vectors.T + lengths)
