"""Fitting the outlier gate on what a network makes of its training cells."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from laveran.errors import ConfigError
from laveran.networks.gate import Gate

DIMENSIONS = 64  # at most; few enough that thousands of cells tell their variances
DEAD = 1e-6  # share of the largest variance below which a direction says nothing
PROTOTYPES = 256  # at most, and one for every four cells
KEPT = 0.99  # of unseen cells of the training site lie within the threshold


def fit_gate(embedding: NDArray[np.float32], seed: int) -> Gate:
    """The gate that knows these training cells.

    Args:
        embedding: Of the training cells, float32 [N, D], N at least 2.
        seed: Of the clustering.

    Raises:
        ConfigError: If all embeddings are one: the network is dead.

    Example:
        >>> cells = np.random.default_rng(0).normal(size=(400, 8)).astype(np.float32)
        >>> gate = fit_gate(cells, seed=0)
        >>> bool(gate(torch.full((1, 8), 9.0)) > gate(torch.from_numpy(cells)).max())
        True
    """
    from sklearn.cluster import MiniBatchKMeans

    mean = embedding.mean(0)
    covariance = np.atleast_2d(np.cov(embedding.T.astype(np.float64)))
    variances, directions = np.linalg.eigh(covariance)
    largest = np.argsort(variances)[::-1][:DIMENSIONS]
    largest = largest[variances[largest] > DEAD * variances.max()]
    if not len(largest):
        raise ConfigError(
            "the network answers every cell alike, it learned nothing; lower the recipe's "
            "learning_rate or train for more epochs"
        )
    basis = (directions[:, largest] / np.sqrt(variances[largest])).astype(np.float32)
    places = (embedding - mean) @ basis
    count = max(1, min(PROTOTYPES, len(np.unique(places, axis=0)) // 4))
    clusters = MiniBatchKMeans(count, n_init=1, random_state=seed).fit(places)
    prototypes = clusters.cluster_centers_.astype(np.float32)
    return Gate(torch.from_numpy(mean), torch.from_numpy(basis), torch.from_numpy(prototypes))


@torch.no_grad()
def outliers(gate: Gate, embedding: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distance float32 [N] of embeddings [N, D] from the training cells."""
    distance: NDArray[np.float32] = gate(torch.from_numpy(embedding)).numpy()
    return distance


def outlier_threshold(gate: Gate, unseen: NDArray[np.float32]) -> float:
    """The distance that keeps 99% of unseen cells, by their embeddings float32 [N, D]."""
    distance = np.quantile(outliers(gate, unseen), KEPT)
    return max(float(distance), float(np.finfo(np.float32).tiny))
