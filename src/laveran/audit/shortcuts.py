"""Shortcuts: how far a classifier gets without looking at the cell, patients disjoint.

Whatever size, outline and mean colour tell, a network may learn in the place of the parasite, and
lose with the next microscope. (Mean colour is not innocent alone: a large parasite stains a cell.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.audit.glimpse import Glimpse
from laveran.cells.manifest import UNKNOWN, Manifest
from laveran.cells.splits import folds
from laveran.errors import ConfigError, SplitError
from laveran.metrics import Figure, measure

FOLDS = 5
TREES = 100
LEAST_CELLS = 20  # in a leaf: a shortcut of fewer cells is chance
EVERYTHING = "width, height, mask area and mean colour"
FEATURES = {
    EVERYTHING: [0, 1, 2, 3, 4, 5],
    "width and height": [0, 1],
    "mask area": [2],
    "mean colour": [3, 4, 5],
}


@dataclass(frozen=True, slots=True)
class Probe:
    """How far a classifier gets from a few numbers of a cell.

    Attributes:
        features: What it is told.
        accuracy: Out of fold, with an interval by resampling patients.
        auroc: The same.
    """

    features: str
    accuracy: Figure
    auroc: Figure


def probe_shortcuts(
    manifest: Manifest, glimpses: Sequence[Glimpse], *, seed: int = 0
) -> tuple[Probe, ...]:
    """Randomised trees on size, mask area and mean colour, five folds of whole patients.

    Args:
        manifest: The cells; those without a label are left out.
        glimpses: What was seen of each.
        seed: Seed of the folds.

    Raises:
        ConfigError: If scikit-learn is not here.
        SplitError: If there are too few patients or classes for folds.
    """
    classifier = _classifier(seed)
    known = np.flatnonzero(manifest.labels != UNKNOWN)
    labelled = manifest.select(known)
    if len(set(labelled.labels.tolist())) < 2:
        raise SplitError("a shortcut can only be looked for between two classes")
    table = features(labelled, [glimpses[index] for index in known.tolist()])
    fold = folds(labelled, FOLDS, seed=seed).parts
    probes = []
    for name, columns in FEATURES.items():
        y_prob = np.zeros(len(labelled))
        for held_out in range(FOLDS):
            seen, unseen = fold != held_out, fold == held_out
            classifier.fit(table[np.ix_(seen, columns)], labelled.labels[seen])
            y_prob[unseen] = classifier.predict_proba(table[np.ix_(unseen, columns)])[:, 1]
        cells = (labelled.labels, y_prob.round(6), labelled.groups)  # sums of weights round
        probes.append(Probe(name, measure("accuracy", *cells), measure("auroc", *cells)))
    return tuple(probes)


def features(manifest: Manifest, glimpses: Sequence[Glimpse]) -> NDArray[np.float64]:
    """Width, height, mask area, mean red, green and blue of each cell [N, 6]."""
    return np.array(
        [
            (cell.width, cell.height, seen.mask_area_px, *seen.colour)
            for cell, seen in zip(manifest, glimpses, strict=True)
        ],
        dtype=np.float64,
    )


def _classifier(seed: int) -> Any:
    """scikit-learn's extremely randomised trees (Geurts et al. 2006), one thread.

    The classes weigh the same: else the shares of the classes, which differ from fold to fold,
    would rank the cells where the features say nothing.
    """
    try:
        from sklearn.ensemble import ExtraTreesClassifier
    except ImportError as error:
        raise ConfigError(
            f"the shortcut probe needs scikit-learn, which cannot be imported ({error}); "
            "install it: pip install 'laveran[train]'"
        ) from error
    return ExtraTreesClassifier(
        TREES, min_samples_leaf=LEAST_CELLS, class_weight="balanced", random_state=seed
    )
