"""Figures of labelled cells and their probabilities: arrays in, figures out.

All functions share these arguments:

* `y_true` [N]: labels, 1 parasitized, 0 uninfected.
* `y_prob` [N]: probabilities of "parasitized", 0..1.
* `threshold`: a cell is called parasitized where `y_prob >= threshold`.
* `weights` [N] or [..., N], at least 0: how often each cell counts; None counts every cell once.

The result has the shape of `weights` without its last axis: one number without weights, and for
R rows of weights R numbers, which is how a thousand resamples of the patients are computed at
once. It is NaN where the figure is undefined, for instance a sensitivity without parasitized cells.
All raise `DataError` for lengths that differ, no cells, labels other than 0 and 1, probabilities
that are NaN or outside 0..1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from laveran.metrics.checks import Floats, checked_cells, checked_weights


def confusion_matrix(
    y_true: ArrayLike, y_prob: ArrayLike, threshold: float = 0.5, weights: ArrayLike | None = None
) -> Floats:
    """Counts of cells by what they are and what they are called, [..., label, call].

    >>> confusion_matrix([0, 0, 1, 1, 1], [0.1, 0.7, 0.9, 0.5, 0.2])
    array([[1., 1.],
           [1., 2.]])
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    weights = checked_weights(weights, labels.size)
    place = 2 * labels + (probabilities >= threshold)
    counts = weights @ np.eye(4)[place]  # [..., N] @ [N, 4] -> [..., 4]
    return counts.reshape(*counts.shape[:-1], 2, 2)


def accuracy(
    y_true: ArrayLike, y_prob: ArrayLike, threshold: float = 0.5, weights: ArrayLike | None = None
) -> Floats:
    """Share of cells that are called what they are.

    >>> float(accuracy([0, 0, 1, 1, 1], [0.1, 0.7, 0.9, 0.5, 0.2]))
    0.6
    """
    (tn, fp), (fn, tp) = _counts(y_true, y_prob, threshold, weights)
    return ratio(tn + tp, tn + fp + fn + tp)


def sensitivity(
    y_true: ArrayLike, y_prob: ArrayLike, threshold: float = 0.5, weights: ArrayLike | None = None
) -> Floats:
    """Share of parasitized cells that are called parasitized; undefined without such cells.

    >>> float(sensitivity([0, 0, 1, 1], [0.1, 0.7, 0.9, 0.2]))
    0.5
    """
    _, (fn, tp) = _counts(y_true, y_prob, threshold, weights)
    return ratio(tp, fn + tp)


def specificity(
    y_true: ArrayLike, y_prob: ArrayLike, threshold: float = 0.5, weights: ArrayLike | None = None
) -> Floats:
    """Share of uninfected cells that are called uninfected; undefined without such cells.

    >>> float(specificity([0, 0, 0, 0, 1], [0.1, 0.7, 0.2, 0.3, 0.2]))
    0.75
    """
    (tn, fp), _ = _counts(y_true, y_prob, threshold, weights)
    return ratio(tn, tn + fp)


def f1(
    y_true: ArrayLike, y_prob: ArrayLike, threshold: float = 0.5, weights: ArrayLike | None = None
) -> Floats:
    """F1 of "parasitized", 2 TP / (2 TP + FP + FN); undefined without parasitized cells.

    >>> float(f1([0, 0, 1, 1], [0.1, 0.7, 0.9, 0.2]))
    0.5
    """
    (_, fp), (fn, tp) = _counts(y_true, y_prob, threshold, weights)
    return np.where(fn + tp > 0, ratio(2 * tp, 2 * tp + fp + fn), np.nan)[()]


def mcc(
    y_true: ArrayLike, y_prob: ArrayLike, threshold: float = 0.5, weights: ArrayLike | None = None
) -> Floats:
    """Matthews' correlation of labels and calls, -1..1; undefined for cells of one class.

    It is 0 where all cells are called the same (Chicco and Jurman 2020,
    doi:10.1186/s12864-019-6413-7).

    >>> float(mcc([0, 0, 1, 1], [0.1, 0.7, 0.9, 0.2]))
    0.0
    """
    (tn, fp), (fn, tp) = _counts(y_true, y_prob, threshold, weights)
    labelled = np.sqrt((tn + fp) * (fn + tp))
    called = np.sqrt((tn + fn) * (fp + tp))
    return ratio(tp * tn - fp * fn, labelled * np.where(called > 0, called, 1))


def auroc(y_true: ArrayLike, y_prob: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Area under the ROC curve; undefined for cells of one class.

    The chance that a parasitized cell has a higher probability than an uninfected one, equal
    ones counting half (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747).

    >>> float(auroc([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8]))
    0.875
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    weights = checked_weights(weights, labels.size)
    positive = np.flatnonzero(labels == 1)
    negative = np.flatnonzero(labels == 0)
    negative = negative[np.argsort(probabilities[negative])]
    below = np.zeros((*weights.shape[:-1], negative.size + 1))  # weight of the i lowest negatives
    np.cumsum(weights[..., negative], axis=-1, out=below[..., 1:])
    first = np.searchsorted(probabilities[negative], probabilities[positive], side="left")
    last = np.searchsorted(probabilities[negative], probabilities[positive], side="right")
    beaten = (below[..., first] + below[..., last]) / 2  # [..., positives]
    won = np.einsum("...i,...i->...", weights[..., positive], beaten)
    return ratio(won, weights[..., positive].sum(-1) * below[..., -1])


def brier(y_true: ArrayLike, y_prob: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Mean squared difference of probability and label, 0..1 (Brier 1950).

    >>> float(brier([0, 1], [0.0, 0.5]))
    0.125
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    weights = checked_weights(weights, labels.size)
    return ratio(weights @ (probabilities - labels) ** 2, weights.sum(-1))


class RocCurve(NamedTuple):
    """Corners of a ROC curve, from "none is called parasitized" to "all are", each [M].

    Attributes:
        false_positive_rate: Share of uninfected cells called parasitized, rising.
        sensitivity: Share of parasitized cells called parasitized, rising.
        threshold: Where cells at or above it are called parasitized, falling from infinity.
    """

    false_positive_rate: Floats
    sensitivity: Floats
    threshold: Floats


def roc_curve(y_true: ArrayLike, y_prob: ArrayLike) -> RocCurve:
    """The ROC curve without the points that lie on a straight line between their neighbours.

    An axis is NaN where its class has no cells.

    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    >>> curve.false_positive_rate.tolist(), curve.sensitivity.tolist()
    ([0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    order = np.argsort(-probabilities, kind="stable")
    falling = probabilities[order]
    ends = np.flatnonzero(np.append(np.diff(falling) != 0, True))  # last cell of equal ones
    tp = np.append(0, np.cumsum(labels[order])[ends])
    fp = np.append(0, 1 + ends) - tp
    bent = (np.diff(tp[1:]) * np.diff(fp[:-1])) != (np.diff(fp[1:]) * np.diff(tp[:-1]))
    corner = np.concatenate(([True], bent, [True]))
    return RocCurve(
        ratio(fp[corner], fp[-1]),
        ratio(tp[corner], tp[-1]),
        np.append(np.inf, falling[ends])[corner],
    )


def ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """`part / whole` elementwise, NaN where `whole` is 0.

    >>> ratio([1, 0], [2, 0])
    array([0.5, nan])
    """
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole != 0, part / whole, np.nan)[()]


def _counts(
    y_true: ArrayLike, y_prob: ArrayLike, threshold: float, weights: ArrayLike | None
) -> Floats:
    """The confusion matrix with labels and calls as its first two axes, to be unpacked."""
    return np.moveaxis(confusion_matrix(y_true, y_prob, threshold, weights), (-2, -1), (0, 1))
