"""What every figure is computed from, checked: labels, probabilities, patients, weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def checked_labels(y_true: ArrayLike) -> Ints:
    """The labels as int64 [N].

    Raises:
        DataError: If there is no label, or one is neither 0 nor 1.
    """
    labels = np.asarray(y_true)
    if labels.ndim != 1 or labels.size == 0:
        raise DataError(f"y_true has the shape {labels.shape}; give one label a cell, at least one")
    if labels.dtype.kind not in "biuf":
        raise DataError(f"y_true holds {labels.dtype}, not numbers; a label is 0 or 1")
    wrong = np.flatnonzero((labels != 0) & (labels != 1))
    if wrong.size:
        raise DataError(
            f"y_true is {labels[wrong[0]]} at position {wrong[0]}; a label is 0 (uninfected) or "
            "1 (parasitized), so leave out cells without one"
        )
    return labels.astype(np.int64)


def checked_targets(y_true: ArrayLike) -> Floats:
    """The targets as float64 [N]: labels, or shares of readers who see a parasite.

    Raises:
        DataError: If there is no target, or one is outside 0..1.
    """
    targets = np.asarray(y_true)
    if targets.dtype.kind != "f" or targets.ndim != 1 or targets.size == 0:
        return checked_labels(targets).astype(np.float64)
    wrong = np.flatnonzero(~((targets >= 0) & (targets <= 1)))
    if wrong.size:
        raise DataError(
            f"y_true is {targets[wrong[0]]} at position {wrong[0]}; a target lies between "
            "0 (uninfected) and 1 (parasitized), so leave out cells without one"
        )
    return targets.astype(np.float64)


def checked_cells(y_true: ArrayLike, y_prob: ArrayLike) -> tuple[Ints, Floats]:
    """The labels as int64 [N] and the probabilities of "parasitized" as float64 [N].

    Raises:
        DataError: If the lengths differ, there is no cell, a label is neither 0 nor 1, or a
            probability is NaN or outside 0..1.
    """
    labels, probabilities = checked_labels(y_true), _numbers("y_prob", y_prob)
    _same_length("y_prob", probabilities, labels.size)
    wrong = np.flatnonzero(~((probabilities >= 0) & (probabilities <= 1)))
    if wrong.size:
        raise DataError(
            f"y_prob is {probabilities[wrong[0]]} at position {wrong[0]}; a probability lies "
            "between 0 and 1"
        )
    return labels, probabilities


def checked_logits(logits: ArrayLike, n_cells: int) -> Floats:
    """The logits as float64 [N].

    Raises:
        DataError: If there are not `n_cells` of them, or one is not finite.
    """
    numbers = _numbers("logits", logits)
    _same_length("logits", numbers, n_cells)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        raise DataError(
            f"the logit at position {wrong[0]} is {numbers[wrong[0]]}; it must be finite"
        )
    return numbers


def checked_patients(patients: ArrayLike, n_cells: int) -> tuple[NDArray[np.str_] | Ints, Ints]:
    """The patients' names in order [P] and the number of each cell's patient [N], 0..P-1.

    Raises:
        DataError: If there are not `n_cells` of them, or a cell has no patient.
    """
    names = np.asarray(patients)
    if names.dtype.kind not in "Uiu":
        raise DataError(f"patients hold {names.dtype}; give a name or a number for every cell")
    _same_length("patients", names, n_cells)
    unknown = np.flatnonzero(names == "") if names.dtype.kind == "U" else np.empty(0)
    if unknown.size:
        raise DataError(
            f"the cell at position {unknown[0]} has no patient; resample photos or cells instead"
        )
    distinct, numbers = np.unique(names, return_inverse=True)
    return distinct, numbers.astype(np.int64)


def checked_weights(weights: ArrayLike | None, n_cells: int) -> Floats:
    """The weights as float64 [..., N]; ones [N] for None.

    Raises:
        DataError: If the last axis is not a weight a cell, or a weight is negative or not finite.
    """
    if weights is None:
        return np.ones(n_cells)
    numbers = np.asarray(weights, dtype=np.float64)
    if numbers.ndim == 0 or numbers.shape[-1] != n_cells:
        raise DataError(f"the weights have the shape {numbers.shape}, not [..., {n_cells}]")
    if not (numbers.min(initial=0) >= 0 and numbers.max(initial=0) < np.inf):
        raise DataError("a weight is negative or not finite; weights count how often a cell occurs")
    return numbers


def _numbers(name: str, values: ArrayLike) -> Floats:
    """`values` as float64; strings and the like are refused."""
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{name} holds {array.dtype}, not numbers")
    return array.astype(np.float64)


def _same_length(name: str, values: NDArray[np.generic], n_cells: int) -> None:
    """Refuse anything but one value a cell."""
    if values.shape != (n_cells,):
        raise DataError(f"{name} has the shape {values.shape} but y_true has {n_cells} labels")
