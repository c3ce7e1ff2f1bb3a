"""What a representation is worth: a linear probe and nearest neighbours, patients apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.cells.splits import folds
from laveran.study.representations.representation import Vectors
from laveran.study.sample import Sample

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # scikit-learn's C: small is a strong penalty
FOLDS = 5
NEIGHBOURS = 15


@dataclass(frozen=True)
class Probe:
    """What was said of the test cells.

    Attributes:
        probe: Probability of "parasitized" by logistic regression, float64 [T].
        penalty: Its C.
        neighbour: Share of parasitized among the nearest training cells, float64 [T].
        nearest: The nearest training cells, their places in the sample, the nearest first
            int64 [T, k].
    """

    probe: NDArray[np.float64]
    penalty: float
    neighbour: NDArray[np.float64]
    nearest: NDArray[np.int64]


def probe_vectors(vectors: Vectors, sample: Sample, *, seed: int = 0) -> Probe:
    """Learn from the training cells' vectors, and say what the test cells' are.

    Vectors are standardised by the training cells. The C of the logistic regression is that of
    `PENALTIES` with the highest accuracy over five folds of the training patients (the strongest
    penalty of equals); nearest are the largest cosines.

    Args:
        vectors: Of all cells of the sample, float32 [N, D].
        sample: The cells.
        seed: Of the folds.

    Raises:
        SplitError: If there are too few training patients for folds.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, PredefinedSplit
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, test = np.flatnonzero(~sample.is_test), np.flatnonzero(sample.is_test)
    inner = folds(sample.manifest.select(train), FOLDS, seed=seed).parts
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)),
        {"logisticregression__C": PENALTIES},
        cv=PredefinedSplit(inner),
    ).fit(vectors[train], sample.labels[train])
    scaler = search.best_estimator_[0]
    nearest = train[nearest_by_cosine(*map(scaler.transform, (vectors[train], vectors[test])))]
    return Probe(
        search.predict_proba(vectors[test])[:, 1],
        float(search.best_params_["logisticregression__C"]),
        sample.labels[nearest].mean(1),
        nearest,
    )


def nearest_by_cosine(
    known: NDArray[np.float32], asked: NDArray[np.float32], count: int = NEIGHBOURS
) -> NDArray[np.int64]:
    """The rows of `known` [M, D] with the largest cosines to each of `asked` [T, D], int64 [T, k].

    k is `count`, or the largest odd number of known rows: an odd number of votes is never equal.

    >>> known = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    >>> nearest_by_cosine(known, np.array([[0.5, 0.1]]), count=1).tolist()
    [[0]]
    """
    from sklearn.neighbors import NearestNeighbors

    odd = min(count, len(known) - (len(known) + 1) % 2)
    search = NearestNeighbors(n_neighbors=odd, metric="cosine").fit(known)
    return np.asarray(search.kneighbors(asked, return_distance=False), np.int64)
