"""Figures that know whose cells they are: controls, the worst patients, a row a patient.

The arguments that all figures share are explained in `laveran.metrics.figures`. `patients` [N]
names the patient of each cell, by strings or integers; weights count whole patients, so all cells
of a patient have the same weight. A control is a patient without any parasitized cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.errors import ConfigError
from laveran.metrics.checks import Floats, checked_cells, checked_patients, checked_weights
from laveran.metrics.figures import ratio

ENOUGH_CELLS = 20  # fewer cells say too little about a patient
ROUNDING = 1e-9  # 55% of 100 cells are 55, though 0.55 * 100 is 55.00000000000001


def blank_false_positive_rate(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    patients: ArrayLike,
    threshold: float = 0.5,
    weights: ArrayLike | None = None,
) -> Floats:
    """Share of the controls' cells that are called parasitized: what a count shows for nothing.

    Undefined without controls.

    >>> y_true, y_prob = [1, 0, 0, 0, 0], [0.9, 0.8, 0.7, 0.2, 0.1]
    >>> round(float(blank_false_positive_rate(y_true, y_prob, ["A", "A", "B", "B", "C"])), 3)
    0.333
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    control = _controls(labels, patients)
    weights = checked_weights(weights, labels.size)
    return ratio(weights @ (control & (probabilities >= threshold)), weights @ control)


def sensitivity_at_specificity(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    patients: ArrayLike | None = None,
    specificity: float = 0.99,
    weights: ArrayLike | None = None,
) -> Floats:
    """Sensitivity on all parasitized cells at the threshold of `threshold_at_specificity`.

    Undefined without parasitized cells, and for weights that leave no cell to set the threshold.

    >>> y_true, y_prob = [1, 1, 0, 0, 0], [0.9, 0.3, 0.8, 0.4, 0.1]
    >>> float(sensitivity_at_specificity(y_true, y_prob, ["A", "A", "A", "B", "B"]))
    0.5
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    weights = checked_weights(weights, labels.size)
    reference = _reference(labels, patients)
    if not reference.any():
        return np.full(weights.shape[:-1], np.nan)[()]
    limit = _limit(probabilities[reference], weights[..., reference], specificity)
    positive = labels == 1
    above = probabilities[positive] > limit[..., np.newaxis]  # [..., positives]
    called = np.einsum("...i,...i->...", weights[..., positive], above)
    sensitive = ratio(called, weights[..., positive].sum(-1))
    return np.where(weights @ reference > 0, sensitive, np.nan)[()]


def threshold_at_specificity(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    patients: ArrayLike | None = None,
    specificity: float = 0.99,
) -> float | None:
    """The lowest threshold at which at least that share of the controls' cells is negative.

    Without patients or without controls, of all uninfected cells.

    Args:
        y_true: Labels [N].
        y_prob: Probabilities [N]. The threshold is one step above one of them in their own
            precision, so that float32 stays float32.
        patients: Patient of each cell [N], or None.
        specificity: Share of cells to be negative, above 0, at most 1.

    Returns:
        The threshold, for `y_prob >= threshold`; None without uninfected cells.

    Raises:
        DataError: If the arrays do not fit (see `laveran.metrics.figures`).
        ConfigError: If the specificity is not above 0 and at most 1.

    Example:
        >>> round(threshold_at_specificity([1, 0, 0, 0, 0], [0.9, 0.8, 0.4, 0.3, 0.1],
        ...     specificity=0.75), 6)
        0.4
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    reference = _reference(labels, patients)
    if not reference.any():
        return None
    limit = _limit(probabilities[reference], np.ones(reference.sum()), specificity)
    precision = np.result_type(np.asarray(y_prob), np.float16)
    return float(np.nextafter(limit.astype(precision), precision.type(np.inf)))


def worst_tenth_accuracy(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    patients: ArrayLike,
    threshold: float = 0.5,
    weights: ArrayLike | None = None,
) -> Floats:
    """Pooled accuracy on the tenth of patients with the lowest accuracy.

    Of n patients with at least `ENOUGH_CELLS` cells the lowest ceil(n / 10) by accuracy; of equal
    ones, those with more cells first. A patient of weight 2 is two patients. Undefined without
    such patients.

    >>> patients = np.repeat(["A", "B"], 20)
    >>> float(worst_tenth_accuracy([1] * 40, [0.9] * 35 + [0.2] * 5, patients))
    0.75
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    _, number = checked_patients(patients, labels.size)
    weights = checked_weights(weights, labels.size)
    n_cells = np.bincount(number)
    n_right = np.bincount(number, (probabilities >= threshold) == labels)
    worst = np.lexsort((-n_cells, n_right / n_cells))
    worst = worst[n_cells[worst] >= ENOUGH_CELLS]
    _, first_cell = np.unique(number, return_index=True)
    times = weights[..., first_cell[worst]]  # [..., patients], the worst first
    places = np.ceil(times.sum(-1, keepdims=True) / 10 - ROUNDING)
    taken = np.clip(places - (np.cumsum(times, axis=-1) - times), 0, times)
    return ratio(taken @ n_right[worst], taken @ n_cells[worst])


@dataclass(frozen=True, slots=True)
class PatientRow:
    """What a model does on the cells of one patient.

    Attributes:
        patient: The patient's name.
        n_cells: Cells of the patient.
        n_parasitized: Those that are labelled parasitized; 0 for a control.
        n_called: Those that are called parasitized.
        false_positives: Uninfected cells called parasitized.
        false_negatives: Parasitized cells called uninfected.
        accuracy: Share of cells that are called what they are.
    """

    patient: str
    n_cells: int
    n_parasitized: int
    n_called: int
    false_positives: int
    false_negatives: int
    accuracy: float


def patient_table(
    y_true: ArrayLike, y_prob: ArrayLike, patients: ArrayLike, threshold: float = 0.5
) -> list[PatientRow]:
    """A row a patient, the lowest accuracy first; of equal ones more cells first, then by name.

    >>> for row in patient_table([1, 0, 0], [0.9, 0.8, 0.1], ["A", "A", "B"]):
    ...     print(row.patient, row.n_cells, row.n_parasitized, row.false_positives, row.accuracy)
    A 2 1 1 0.5
    B 1 0 0 1.0
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    names, number = checked_patients(patients, labels.size)
    place = 4 * number + 2 * labels + (probabilities >= threshold)
    counts = np.bincount(place, minlength=4 * names.size).reshape(-1, 4).tolist()
    rows = [
        PatientRow(
            patient=str(name),
            n_cells=tn + fp + fn + tp,
            n_parasitized=fn + tp,
            n_called=fp + tp,
            false_positives=fp,
            false_negatives=fn,
            accuracy=(tn + tp) / (tn + fp + fn + tp),
        )
        for name, (tn, fp, fn, tp) in zip(names, counts, strict=True)
    ]
    return sorted(rows, key=lambda row: (row.accuracy, -row.n_cells))


def _controls(labels: NDArray[np.int64], patients: ArrayLike) -> NDArray[np.bool_]:
    """Which cells are of patients without any parasitized cell [N]."""
    _, number = checked_patients(patients, labels.size)
    return np.isin(number, np.flatnonzero(np.bincount(number, labels) == 0))


def _reference(labels: NDArray[np.int64], patients: ArrayLike | None) -> NDArray[np.bool_]:
    """Which cells set a threshold [N]: those of controls, else all uninfected ones."""
    if patients is not None:
        control = _controls(labels, patients)
        if control.any():
            return control
    return np.equal(labels, 0)


def _limit(probabilities: Floats, weights: Floats, specificity: float) -> Floats:
    """The probability up to which cells must be negative [...], for weights [..., M]."""
    if not 0 < specificity <= 1:
        raise ConfigError(f"a specificity of {specificity} is not above 0 and at most 1")
    order = np.argsort(probabilities)
    upto = np.cumsum(weights[..., order], axis=-1)
    negative = specificity * upto[..., -1:] - ROUNDING
    limit: Floats = probabilities[order][(upto < negative).sum(-1)]
    return limit
