"""What an embedding groups: do neighbours share the disease, or only the patient and the stain?

Cells of one patient lie on one film, under one stain and camera. An embedding that groups them
by patient has learned the film; so the share of neighbours with the same label is also taken
among neighbours of other patients alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import UNKNOWN, Manifest
from laveran.metrics import Figure
from laveran.metrics.evaluation import RESAMPLES
from laveran.metrics.intervals import resampled, with_interval
from laveran.study.embedding.neighbours import Apart, Metric, comparable, nearest

NEIGHBOURS = 12
MOST_COMPARED = 3000  # cells of which all pairs are ranked: 9 million pairs
SAME_LABEL = "same label"
SAME_LABEL_ELSEWHERE = "same label, among neighbours of other patients"
SAME_PATIENT = "same patient"


@dataclass(frozen=True, slots=True)
class Purity:
    """How often a cell's nearest neighbours share something with it.

    Attributes:
        what: What they share.
        share: Mean share of the neighbours that do, with an interval by resampling the patients
            of the cells that are asked (their neighbours stay).
        chance: The mean share, were neighbours drawn blindly.
    """

    what: str
    share: Figure
    chance: float

    @property
    def beyond_chance(self) -> float | None:
        """How far it is from chance (0) to all neighbours (1), so that two kinds compare."""
        if self.share.value is None or self.chance == 1:
            return None
        return (self.share.value - self.chance) / (1 - self.chance)

    def to_json(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self) | {"beyond_chance": self.beyond_chance}


@dataclass(frozen=True, slots=True)
class Kept:
    """How well a map of two dimensions keeps neighbourhoods of k cells.

    Attributes:
        trustworthiness: 1 where no neighbour on the map is a stranger in the embedding (Venna and
            Kaski 2001, "Neighborhood preservation in nonlinear projection methods", ICANN, eq. 1);
            about 0.5 for a map drawn blindly.
        shared: Share of the k nearest in the embedding that are among the k nearest on the map.
        n_cells: Cells that were compared, drawn from all where there are many.
    """

    trustworthiness: float
    shared: float
    n_cells: int


def purities(
    vectors: NDArray[np.floating],
    manifest: Manifest,
    *,
    k: int = NEIGHBOURS,
    metric: Metric = "cosine",
    seed: int = 0,
) -> tuple[Purity, ...]:
    """How pure the k nearest neighbours of the cells are by label and by patient.

    Args:
        vectors: The embedding [N, D] of the manifest's cells.
        manifest: The cells; those without a label count neither as asked nor as neighbours of
            labels. Without labels, or without patients, what needs them is left out.
        k: How many neighbours.
        metric: See `nearest`.
        seed: Seed of the resampling.

    Raises:
        DataError: If the vectors are no numbers.
    """
    labelled = np.flatnonzero(manifest.labels != UNKNOWN)
    everything = np.arange(len(manifest))
    asked = [(SAME_LABEL, labelled, "label", "cell")]
    if manifest.grouping == "patient":
        asked += [
            (SAME_LABEL_ELSEWHERE, labelled, "label", "patient"),
            (SAME_PATIENT, everything, "patient", "cell"),
        ]
    found = []
    for what, cells, same, apart in asked:
        codes = _codes(manifest.select(cells))
        if all(len(np.unique(codes[each])) > 1 for each in (same, apart)):
            share, chance = _shares(vectors[cells], codes[same], codes[apart], k, metric)
            spread = resampled(_weighted_mean(share), codes["patient"], RESAMPLES, seed)
            figure = with_interval(float(share.mean()), spread)
            found.append(Purity(what, figure, float(chance.mean())))
    return tuple(found)


def kept(
    vectors: NDArray[np.floating],
    points: NDArray[np.floating],
    *,
    k: int = NEIGHBOURS,
    metric: Metric = "cosine",
    seed: int = 0,
) -> Kept:
    """How well the points [N, 2] of a map keep the neighbourhoods of the vectors [N, D].

    Example:
        >>> line = np.arange(30.0).reshape(-1, 1)
        >>> kept(line, np.hstack([line, -line]), k=4, metric="euclid")
        Kept(trustworthiness=1.0, shared=1.0, n_cells=30)
    """
    from sklearn.manifold import trustworthiness

    n_cells = len(vectors)
    chosen = np.arange(n_cells)
    if n_cells > MOST_COMPARED:
        drawn = np.random.default_rng(seed).choice(n_cells, MOST_COMPARED, replace=False)
        chosen = np.sort(drawn)
    k = min(k, max(1, (len(chosen) - 1) // 2))  # what the measure is defined for
    there, here = comparable(vectors[chosen], metric), points[chosen]
    itself = Apart(np.arange(len(chosen)), np.arange(len(chosen)))
    near = [nearest(each, each, k, metric="euclid", apart=itself).indexes for each in (there, here)]
    shared = (near[0][:, :, np.newaxis] == near[1][:, np.newaxis]).any(axis=2)  # [n, k, k]
    trust = trustworthiness(there, here, n_neighbors=k)
    return Kept(float(trust), float(shared.mean()), len(chosen))


def _codes(manifest: Manifest) -> dict[str, NDArray[np.int64]]:
    """What cells may share, as numbers [N]."""
    return {
        "cell": np.arange(len(manifest)),
        "label": manifest.labels,
        "patient": _numbers(manifest.groups),
    }


def _shares(
    vectors: NDArray[np.floating],
    same: NDArray[np.int64],
    apart: NDArray[np.int64],
    k: int,
    metric: Metric,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of the neighbours with another code `apart`, how many have the same code `same` [N].

    The second is the share if they were drawn blindly.
    """
    near = nearest(vectors, vectors, k, metric=metric, apart=Apart(apart, apart))
    alike = (same[near.indexes] == same[:, np.newaxis]) & near.found  # [N, k]
    both = _sizes(_numbers(np.stack([same, apart], axis=1)))
    chance = (_sizes(same) - both) / (len(same) - _sizes(apart))
    return alike.sum(axis=1) / near.found.sum(axis=1), chance


def _weighted_mean(
    values: NDArray[np.float64],
) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """The mean of values [N] under weights [R, N], as [R]."""
    return lambda weights: weights @ values / weights.sum(axis=-1)


def _numbers(values: NDArray[Any]) -> NDArray[np.int64]:
    """0, 1, ... for the distinct values [N], or the distinct rows of [N, 2]."""
    return np.unique(values, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _sizes(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many have the code of each, itself among them, [N]."""
    return np.asarray(np.bincount(codes)[codes], np.int64)
