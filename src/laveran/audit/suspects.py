"""Suspected label errors, ranked by cleanlab from probabilities of networks that never saw them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.errors import ConfigError, DataError


@dataclass(frozen=True)
class Ranking:
    """What cleanlab says of each label.

    Attributes:
        quality: The probability given to the label, 0..1: cleanlab's self-confidence, float64 [N].
        suspected: Whether confident learning takes it for an error, bool [N].
    """

    quality: NDArray[np.float64]
    suspected: NDArray[np.bool_]

    @property
    def order(self) -> NDArray[np.int64]:
        """Indexes of the suspected labels, the worst first [M]."""
        suspected = np.flatnonzero(self.suspected)
        return suspected[np.argsort(self.quality[suspected], kind="stable")]


def rank_labels(y_true: ArrayLike, y_prob: ArrayLike) -> Ranking:
    """Rank labels by confident learning (Northcutt et al. 2021, doi:10.1613/jair.1.12125).

    A label is suspected where the other class is more probable than it is on average for cells
    of that class.

    Args:
        y_true: Labels [N], of both classes.
        y_prob: Probabilities of "parasitized" [N], each by a network that did not learn from the
            cell or its patient.

    Raises:
        ConfigError: If cleanlab is not here.
        DataError: If one class is absent.

    Example:
        >>> ranking = rank_labels([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.01, 0.1, 0.2, 0.1])
        >>> ranking.order.tolist()
        [2]
    """
    labels = np.asarray(y_true, dtype=np.int64)
    if len(set(labels.tolist())) < 2:
        raise DataError("suspected label errors need labelled cells of both classes")
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_self_confidence_for_each_label
    except ImportError as error:
        raise ConfigError(
            f"suspected label errors need cleanlab, which cannot be imported ({error}); "
            "install it: pip install 'laveran[train]'"
        ) from error
    probability = np.asarray(y_prob, dtype=np.float64)
    both = np.stack([1 - probability, probability], axis=1)  # [N, 2]
    suspected = find_label_issues(labels, both, filter_by="confident_learning", n_jobs=1)
    quality = get_self_confidence_for_each_label(labels, both)
    return Ranking(np.asarray(quality, np.float64), np.asarray(suspected, np.bool_))
