"""What careful readings of cells say: of the labels, of each other, of a model.

A reading is 1 where a reader saw a parasite, 0 where there is none, and `UNSURE` (-1). Shares of a
few hundred readings lie close to 0 or 1, where resampling promises certainty (no mistake in 130
cells resamples to none), so shares have Wilson's interval (Wilson 1927, doi:10.2307/2276774). For
a simple random sample of a data set's cells it speaks of the labels of that data set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.errors import DataError
from laveran.metrics.checks import Floats, Ints, checked_cells, checked_weights
from laveran.metrics.evaluation import RESAMPLES, measure
from laveran.metrics.figures import ratio
from laveran.metrics.intervals import Figure, resampled, with_interval
from laveran.metrics.patients import threshold_at_specificity

UNSURE = -1
ANSWERS = (UNSURE, 0, 1)
Z = 1.959963984540054  # of 95%
# Thresholds at which this share of the controls' cells is negative, labels as published.
SPECIFICITIES = {
    "sensitivity_at_99_specificity": 0.99,
    "sensitivity_at_99_8_specificity": 0.998,
}
RESAMPLED = ("f1", "mcc", "auroc", "brier", "ece")


def wilson(part: int, whole: int) -> Figure:
    """The share `part / whole` with Wilson's 95% interval; undefined for nothing.

    >>> share = wilson(0, 130)
    >>> share.value, share.low, round(share.high, 3)
    (0.0, 0.0, 0.029)
    """
    if whole == 0:
        return Figure(None)
    share = part / whole
    middle = (share + Z**2 / (2 * whole)) / (1 + Z**2 / whole)
    reach = Z * np.sqrt(share * (1 - share) / whole + Z**2 / (4 * whole**2)) / (1 + Z**2 / whole)
    low = 0.0 if part == 0 else float(middle - reach)
    high = 1.0 if part == whole else float(middle + reach)
    return Figure(share, low, high)


@dataclass(frozen=True)
class LabelNoise:
    """How often labels differ from certain readings.

    Attributes:
        n_cells: Cells that were read.
        n_certain: Those read with certainty that have a label.
        unsure: Share of the cells that the reader could not decide.
        wrong: Share of certain cells whose label differs from the reading.
        wrong_parasitized: The same of cells labelled parasitized: empty ones.
        wrong_uninfected: The same of cells labelled uninfected: missed parasites.
    """

    n_cells: int
    n_certain: int
    unsure: Figure
    wrong: Figure
    wrong_parasitized: Figure
    wrong_uninfected: Figure

    def to_json(self) -> dict[str, Any]:
        """Two counts, and `{value, low, high}` for each share."""
        return asdict(self)


def label_noise(y_true: ArrayLike, readings: ArrayLike) -> LabelNoise:
    """Compare labels with readings.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected, -1 unknown.
        readings: Readings [N], 1, 0 or `UNSURE`.

    Raises:
        DataError: If the lengths differ, there is no cell, or another number is among them.

    Example:
        >>> noise = label_noise([1, 1, 1, 0, 0], [1, 0, -1, 0, 0])
        >>> noise.n_certain, noise.wrong_parasitized.value, noise.wrong_uninfected.value
        (4, 0.5, 0.0)
    """
    labels, answers = _answers("y_true", y_true), _answers("readings", readings)
    _same_length(labels, answers)
    certain = (answers != UNSURE) & (labels != UNSURE)
    wrong = labels != answers

    return LabelNoise(
        n_cells=answers.size,
        n_certain=int(certain.sum()),
        unsure=_share(answers == UNSURE),
        wrong=_share(wrong[certain]),
        wrong_parasitized=_share(wrong[certain & (labels == 1)]),
        wrong_uninfected=_share(wrong[certain & (labels == 0)]),
    )


def cohen_kappa(first: ArrayLike, second: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """Agreement of two readers beyond chance, 1 perfect, 0 chance; undefined for one same answer.

    (Cohen 1960, doi:10.1177/001316446002000104.)

    Args:
        first: Readings [N] of one reader, 1, 0 or `UNSURE`, which counts as an answer like others.
        second: Readings [N] of the other, of the same cells.
        weights: How often each cell counts, [N] or [..., N].

    Raises:
        DataError: If the lengths differ, there is no cell, or another number is among them.

    Example:
        >>> round(float(cohen_kappa([1, 1, 0, 0], [1, 0, 0, 0])), 3)
        0.5
    """
    one, other = _answers("first", first), _answers("second", second)
    _same_length(one, other)
    n_answers = len(ANSWERS)
    place = n_answers * (one - UNSURE) + other - UNSURE
    counts = checked_weights(weights, one.size) @ np.eye(n_answers**2)[place]  # [..., 9]
    table = counts.reshape(*counts.shape[:-1], n_answers, n_answers)
    whole = table.sum((-2, -1))
    observed = ratio(np.trace(table, axis1=-2, axis2=-1), whole)
    expected = ratio((table.sum(-1) * table.sum(-2)).sum(-1), whole**2)
    return ratio(observed - expected, 1 - expected)


@dataclass(frozen=True)
class Agreement:
    """How well two readers agree.

    Attributes:
        n_cells: Cells that both read.
        kappa: Cohen's kappa over the three answers.
        n_certain: Cells of which both were certain.
        kappa_certain: Cohen's kappa over those.
    """

    n_cells: int
    kappa: Figure
    n_certain: int
    kappa_certain: Figure


def agreement(
    first: ArrayLike, second: ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES
) -> Agreement:
    """Cohen's kappa of two readers with 95% intervals by resampling cells.

    Raises:
        DataError: As `cohen_kappa`.
    """
    one, other = _answers("first", first), _answers("second", second)
    _same_length(one, other)
    certain = (one != UNSURE) & (other != UNSURE)

    def kappa(a: Ints, b: Ints) -> Figure:
        if not a.size:
            return Figure(None)
        spread = resampled(
            lambda weights: cohen_kappa(a, b, weights), np.arange(a.size), resamples, seed
        )
        return with_interval(float(cohen_kappa(a, b)), spread)

    return Agreement(
        n_cells=one.size,
        kappa=kappa(one, other),
        n_certain=int(certain.sum()),
        kappa_certain=kappa(one[certain], other[certain]),
    )


def reading_figures(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    readings: ArrayLike,
    patients: ArrayLike,
    threshold: float = 0.5,
    limits: Mapping[str, float | None] | None = None,
) -> dict[str, int | Figure]:
    """A model's figures on re-read cells, the certain readings taken as the truth.

    Args:
        y_true: Published labels [N], for comparison only.
        y_prob: Probabilities of "parasitized" [N].
        readings: Readings [N], 1, 0 or `UNSURE`; unsure ones are counted and left out.
        patients: Patient of each cell [N].
        threshold: A cell is called parasitized where `y_prob >= threshold`.
        limits: Further thresholds by the name of the figure that their sensitivity becomes; None
            where there is no such threshold.

    Returns:
        `n_cells, n_certain`, then figures: `unsure`, `label_agreement` (of the published labels),
        `agreement`, `sensitivity`, `specificity` and those of `limits` with Wilson's interval;
        f1, MCC, AUROC, Brier score and calibration error by resampling patients.

    Raises:
        DataError: If the arrays do not fit.

    Example:
        >>> found = reading_figures([1, 1, 0, 0], [0.9, 0.2, 0.1, 0.6], [1, 0, 0, -1], list("ABCD"))
        >>> found["n_certain"], found["agreement"].value, round(found["label_agreement"].value, 2)
        (3, 1.0, 0.67)
    """
    answers = _answers("readings", readings)
    labels, probabilities = checked_cells(y_true, y_prob)
    _same_length(labels, answers)
    certain = answers != UNSURE
    truth, certain_prob = answers[certain], probabilities[certain]
    called = certain_prob >= threshold
    found: dict[str, int | Figure] = {
        "n_cells": answers.size,
        "n_certain": truth.size,
        "unsure": _share(~certain),
        "label_agreement": _share(labels[certain] == truth),
        "agreement": _share(called == truth),
        "sensitivity": _share(called[truth == 1]),
        "specificity": _share(~called[truth == 0]),
    }
    for name, limit in (limits or {}).items():
        found[name] = Figure(None) if limit is None else _share(certain_prob[truth == 1] >= limit)
    whose = np.asarray(patients)[certain]
    for name in RESAMPLED if truth.size else ():
        found[name] = measure(name, truth, certain_prob, whose, threshold)
    return found


def strict_limits(
    y_true: ArrayLike, y_prob: ArrayLike, patients: ArrayLike | None
) -> dict[str, float | None]:
    """The `limits` for `reading_figures` at which 99% and 99.8% of controls' cells are negative.

    Args:
        y_true: Published labels [M] of all cells at hand, re-read or not.
        y_prob: Their probabilities of "parasitized" [M].
        patients: Their patients [M]; None where they are not known: all uninfected cells count.

    Raises:
        DataError: If the arrays do not fit.

    Example:
        >>> found = strict_limits([1, 0, 0, 0], [0.9, 0.4, 0.1, 0.2], ["A", "A", "B", "B"])
        >>> 0.2 < found["sensitivity_at_99_specificity"] < 0.4
        True
    """
    return {
        name: threshold_at_specificity(y_true, y_prob, patients, specificity)
        for name, specificity in SPECIFICITIES.items()
    }


def _share(right: NDArray[np.bool_]) -> Figure:
    """The share of cells that are right, with Wilson's interval."""
    return wilson(int(right.sum()), right.size)


def _answers(name: str, values: ArrayLike) -> Ints:
    """Readings, or labels that may be unknown, as int64 [N]."""
    answers = np.asarray(values)
    if answers.ndim != 1 or answers.size == 0:
        raise DataError(f"{name} has the shape {answers.shape}; give one a cell, at least one cell")
    if not np.isin(answers, ANSWERS).all():
        raise DataError(f"{name} holds more than 1 (parasite), 0 (none) and -1 (unsure)")
    return answers.astype(np.int64)


def _same_length(one: Ints, other: Ints) -> None:
    """Refuse anything but two of each cell."""
    if one.size != other.size:
        raise DataError(f"{one.size} and {other.size} answers cannot be compared cell by cell")
