"""From an embedding of many dimensions to the two of a page."""

from __future__ import annotations

import warnings
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran.errors import ConfigError, DataError
from laveran.study.embedding.neighbours import Metric, comparable

Method = Literal["umap", "pca"]
METHODS: tuple[Method, ...] = ("umap", "pca")
LEAST_CELLS = 5  # fewer need no map, and UMAP's start is undefined
UMAP_NEIGHBOURS = 15  # UMAP's default: how local its view is


class Projection(NamedTuple):
    """Points of a map.

    Attributes:
        points: float64 [N, 2].
        variance: Share of the embedding's variance that the points have; None for UMAP, which
            keeps neighbourhoods and no variance.
    """

    points: NDArray[np.float64]
    variance: float | None


def project(
    vectors: NDArray[np.floating],
    method: Method = "umap",
    *,
    metric: Metric = "cosine",
    seed: int = 0,
) -> Projection:
    """Lay vectors [N, D] out in the plane, the same for the same seed.

    Args:
        vectors: The embedding.
        method: "umap", which keeps neighbours together and says nothing by the distances between
            groups (McInnes et al. 2018, arXiv:1802.03426); or "pca", the two directions of the
            greatest variance, a straight look from one side.
        metric: What is near: see `laveran.study.embedding.neighbours.nearest`.
        seed: Of UMAP.

    Raises:
        ConfigError: If there is no such method or metric.
        DataError: If there are too few cells.

    Example:
        >>> draw = np.random.default_rng(0)
        >>> flat = draw.normal(size=(50, 2)) @ np.array([[3, 0, 1], [0, 1, 0]])
        >>> found = project(flat, "pca", metric="euclid")
        >>> found.points.shape, round(found.variance, 6)
        ((50, 2), 1.0)
    """
    if method not in METHODS:
        raise ConfigError(f"there is no method {method!r}; choose one of {', '.join(METHODS)}")
    table = comparable(vectors, metric)
    if len(table) < LEAST_CELLS:
        raise DataError(f"a map needs {LEAST_CELLS} cells or more, not {len(table)}")
    return _pca(table) if method == "pca" else _umap(table, seed)


def _pca(table: NDArray[np.float64]) -> Projection:
    """The first two principal components; the second is 0 where there is one dimension."""
    from sklearn.decomposition import PCA

    fitted = PCA(min(2, table.shape[1]), svd_solver="full").fit(table)
    points = np.zeros((len(table), 2))
    points[:, : fitted.n_components_] = fitted.transform(table)
    return Projection(points, float(fitted.explained_variance_ratio_.sum()))


def _umap(table: NDArray[np.float64], seed: int) -> Projection:
    """UMAP on one thread: with more, a seed would not decide the map."""
    reducer = _umap_library().UMAP(
        n_components=2,
        n_neighbors=min(UMAP_NEIGHBOURS, len(table) - 1),
        init="pca" if table.shape[1] > 1 else "random",  # Kobak and Linderman 2021
        random_state=seed,
        n_jobs=1,
    )
    return Projection(np.asarray(reducer.fit_transform(table), np.float64), None)


def _umap_library() -> Any:
    """umap-learn, which says at import that it would do more with tensorflow."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tensorflow not installed", ImportWarning)
        import umap
    return umap
