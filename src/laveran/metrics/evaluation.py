"""All figures of a model on labelled cells, and the difference of two models, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from laveran.errors import ConfigError, DataError
from laveran.metrics.calibration import ece
from laveran.metrics.checks import Floats, Ints, checked_cells, checked_patients
from laveran.metrics.figures import accuracy, auroc, brier, f1, mcc, sensitivity, specificity
from laveran.metrics.intervals import Figure, resampled, with_interval
from laveran.metrics.patients import (
    blank_false_positive_rate,
    sensitivity_at_specificity,
    worst_tenth_accuracy,
)

RESAMPLES = 2000
UNITS = ("patient", "photo", "cell")
OPERATING = {
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "blank": "blank_false_positive_rate",
}


@dataclass(frozen=True)
class Evaluation:
    """How well a model does on labelled cells, in the order of the JSON.

    Attributes:
        n_cells: Cells looked at.
        n_patients: Their patients; 0 where nothing tells the patients.
        accuracy: Share of cells called what they are.
        sensitivity: Share of parasitized cells called so.
        specificity: Share of uninfected cells called so.
        f1: F1 of "parasitized".
        mcc: Matthews' correlation.
        auroc: Area under the ROC curve.
        brier: Mean squared error of the probability.
        ece: Expected calibration error, 15 bins.
        blank_false_positive_rate: Share of controls' cells called parasitized.
        worst_tenth_accuracy: Pooled accuracy on the worst tenth of patients.
        sensitivity_at_99_specificity: Sensitivity where 99% of controls' cells are negative.
    """

    n_cells: int
    n_patients: int
    accuracy: Figure
    sensitivity: Figure
    specificity: Figure
    f1: Figure
    mcc: Figure
    auroc: Figure
    brier: Figure
    ece: Figure
    blank_false_positive_rate: Figure
    worst_tenth_accuracy: Figure
    sensitivity_at_99_specificity: Figure

    def to_json(self) -> dict[str, int | dict[str, float | None]]:
        """A plain dict: two counts, and `{value, low, high}` for each figure."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value.to_json() if isinstance(value, Figure) else value
            for name, value in values.items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Evaluation:
        """The figures that `to_json` wrote; further keys are left alone.

        Raises:
            DataError: If one is missing, or is no figure.

        Example:
            >>> found = evaluate([1, 0, 1], [0.9, 0.2, 0.4], ["A", "B", "C"])
            >>> Evaluation.from_json(found.to_json()) == found
            True
        """
        counts = ("n_cells", "n_patients")
        found: dict[str, Any] = {}
        for name in (field.name for field in fields(cls)):
            try:
                found[name] = int(values[name]) if name in counts else Figure(**values[name])
            except KeyError as error:
                raise DataError(f"the figures lack {name}") from error
            except (TypeError, ValueError) as error:
                raise DataError(f"the figures hold no {name}, but {values[name]!r}") from error
        return cls(**found)


@dataclass(frozen=True)
class _Scored:
    """Checked arrays: labels, probabilities, the number of each cell's patient, calls, all [N]."""

    y_true: Ints
    y_prob: Floats
    patient: Ints
    called: Floats  # 1 parasitized, 0 not


Measure = Callable[[_Scored, Floats | None], Floats]
MEASURES: dict[str, Measure] = {
    "accuracy": lambda of, weights: accuracy(of.y_true, of.called, weights=weights),
    "sensitivity": lambda of, weights: sensitivity(of.y_true, of.called, weights=weights),
    "specificity": lambda of, weights: specificity(of.y_true, of.called, weights=weights),
    "f1": lambda of, weights: f1(of.y_true, of.called, weights=weights),
    "mcc": lambda of, weights: mcc(of.y_true, of.called, weights=weights),
    "auroc": lambda of, weights: auroc(of.y_true, of.y_prob, weights),
    "brier": lambda of, weights: brier(of.y_true, of.y_prob, weights),
    "ece": lambda of, weights: ece(of.y_true, of.y_prob, weights=weights),
    "blank_false_positive_rate": lambda of, weights: blank_false_positive_rate(
        of.y_true, of.called, of.patient, weights=weights
    ),
    "worst_tenth_accuracy": lambda of, weights: worst_tenth_accuracy(
        of.y_true, of.called, of.patient, weights=weights
    ),
    "sensitivity_at_99_specificity": lambda of, weights: sensitivity_at_specificity(
        of.y_true, of.y_prob, of.patient, 0.99, weights
    ),
}
# Where the units are not patients, an uninfected photo or cell is no control.
WITHOUT_PATIENTS = MEASURES | {
    "blank_false_positive_rate": lambda _, weights: _undefined(weights),
    "worst_tenth_accuracy": lambda _, weights: _undefined(weights),
    "sensitivity_at_99_specificity": lambda of, weights: sensitivity_at_specificity(
        of.y_true, of.y_prob, None, 0.99, weights
    ),
}


def evaluate(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    patients: ArrayLike,
    threshold: float = 0.5,
    *,
    called: ArrayLike | None = None,
    unit: str = "patient",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Evaluation:
    """All figures with 95% intervals by resampling patients.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected.
        y_prob: Probabilities of "parasitized" [N], 0..1.
        patients: Patient of each cell [N], strings or integers; in general the `groups` of a
            manifest, with its `grouping` as `unit`.
        threshold: A cell is called parasitized where `y_prob >= threshold`.
        called: Instead of the threshold, whether each cell is called parasitized [N], where
            not all cells have the same threshold, as in folds.
        unit: What `patients` holds: "patient", or "photo" or "cell" where nothing tells the
            patients. Then those are resampled (the intervals are too narrow), the figures of
            controls and of the worst patients are undefined, and all uninfected cells set the
            threshold of 99% specificity.
        seed: Seed of the resampling.
        resamples: How many resamples; 0 for figures without intervals.

    Returns:
        The figures; those that are undefined, for instance for cells of one class, have the value
        None, and those that too few resamples define have no interval.

    Raises:
        DataError: If the lengths differ, there are no cells, a label is neither 0 nor 1, a
            probability is NaN or outside 0..1, or a cell has no patient.
        ConfigError: If there is no such unit, or `resamples` is negative.

    Example:
        >>> patients = ["A", "A", "B", "B", "C", "C"]
        >>> found = evaluate([1, 0, 1, 0, 0, 0], [0.9, 0.2, 0.4, 0.1, 0.3, 0.6], patients)
        >>> found.n_patients, found.sensitivity
        (3, Figure(value=0.5, low=0.0, high=1.0))
        >>> found.to_json()["blank_false_positive_rate"]
        {'value': 0.5, 'low': None, 'high': None}
    """
    _require_unit(unit)
    cells = _scored(y_true, y_prob, patients, threshold, called)
    measures = MEASURES if unit == "patient" else WITHOUT_PATIENTS
    return Evaluation(
        n_cells=cells.y_true.size,
        n_patients=int(cells.patient.max()) + 1 if unit == "patient" else 0,
        **_figures(measures, cells, resamples, seed),
    )


def operating_figures(
    y_true: ArrayLike,
    called: ArrayLike,
    patients: ArrayLike,
    *,
    unit: str = "patient",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Figure]:
    """What calling cells at an operating point does, each figure with its 95% interval.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected.
        called: Whether each cell is called parasitized [N].
        patients: Patient of each cell [N], see `evaluate`.
        unit: What `patients` holds; only among patients there are controls.
        seed: Seed of the resampling.
        resamples: How many resamples; 0 for figures without intervals.

    Returns:
        `accuracy`, `sensitivity`, `specificity`, and `blank`, the false positive rate on controls.

    Raises:
        DataError: If the arrays do not fit (see `evaluate`).
        ConfigError: If there is no such unit, or `resamples` is negative.

    Example:
        >>> found = operating_figures([1, 0, 0, 0], [True, False, True, False], list("AABB"))
        >>> found["accuracy"].value, found["blank"].value
        (0.75, 0.5)
    """
    _require_unit(unit)
    calls = np.asarray(called, np.float64)
    cells = _scored(y_true, calls, patients, 0.5)
    measures = MEASURES if unit == "patient" else WITHOUT_PATIENTS
    chosen = {name: measures[figure] for name, figure in OPERATING.items()}
    return _figures(chosen, cells, resamples, seed)


def measure(
    figure: str,
    y_true: ArrayLike,
    y_prob: ArrayLike,
    patients: ArrayLike,
    threshold: float = 0.5,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Figure:
    """One figure of `evaluate` alone, with its 95% interval by resampling patients.

    Raises:
        DataError: If the arrays do not fit (see `evaluate`).
        ConfigError: If there is no such figure, or `resamples` is negative.

    Example:
        >>> measure("sensitivity", [1, 0, 1], [0.9, 0.2, 0.4], ["A", "B", "C"]).value
        0.5
    """
    cells = _scored(y_true, y_prob, patients, threshold)
    return _figures({figure: _measure(figure)}, cells, resamples, seed)[figure]


def paired_difference(
    y_true: ArrayLike,
    y_prob_a: ArrayLike,
    y_prob_b: ArrayLike,
    patients: ArrayLike,
    figure: str = "accuracy",
    *,
    threshold: float = 0.5,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Figure:
    """A figure of model A minus that of model B on the same cells, resampling the same patients.

    Patients that are hard for one model are hard for the other, so this interval is narrower than
    those of the two figures suggest; two models differ where it does not hold 0.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected.
        y_prob_a: Probabilities of "parasitized" by model A [N].
        y_prob_b: Probabilities by model B of the same cells [N].
        patients: Patient of each cell [N].
        figure: Which one: a name of `Evaluation`.
        threshold: A cell is called parasitized where its probability reaches it.
        seed: Seed of the resampling.
        resamples: How many resamples; 0 for a difference without an interval.

    Returns:
        The difference, above 0 where A has more of it.

    Raises:
        DataError: As for `evaluate`.
        ConfigError: If there is no such figure, or `resamples` is negative.

    Example:
        >>> y_true, patients = [1, 0, 1, 0], ["A", "A", "B", "B"]
        >>> paired_difference(y_true, [0.9, 0.1, 0.8, 0.2], [0.9, 0.7, 0.8, 0.2], patients)
        Figure(value=0.25, low=0.0, high=0.5)
    """
    wanted = _measure(figure)
    a = _scored(y_true, y_prob_a, patients, threshold)
    b = _scored(y_true, y_prob_b, patients, threshold)

    def difference(weights: Floats | None) -> Floats:
        return wanted(a, weights) - wanted(b, weights)

    spread = resampled(difference, a.patient, resamples, seed)
    return with_interval(float(difference(None)), spread)


def _require_unit(unit: str) -> None:
    """Refuse what is no unit."""
    if unit not in UNITS:
        raise ConfigError(f"there is no unit {unit!r}; choose one of {', '.join(UNITS)}")


def _figures(
    measures: Mapping[str, Measure], cells: _Scored, resamples: int, seed: int
) -> dict[str, Figure]:
    """Each measure with its interval, all on the same resamples."""

    def measured(weights: Floats | None) -> Floats:
        return np.stack([measure(cells, weights) for measure in measures.values()])

    spread = resampled(measured, cells.patient, resamples, seed)
    return dict(zip(measures, map(with_interval, measured(None).tolist(), spread), strict=True))


def _measure(figure: str) -> Measure:
    """The measure called `figure`."""
    if figure not in MEASURES:
        raise ConfigError(f"there is no figure {figure!r}; choose one of {', '.join(MEASURES)}")
    return MEASURES[figure]


def _scored(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    patients: ArrayLike,
    threshold: float,
    called: ArrayLike | None = None,
) -> _Scored:
    """The arrays, checked, with numbers for patients and calls."""
    labels, probabilities = checked_cells(y_true, y_prob)
    _, patient = checked_patients(patients, labels.size)
    calls = probabilities >= threshold if called is None else called
    _, calls = checked_cells(labels, np.asarray(calls, np.float64))
    return _Scored(labels, probabilities, patient, calls)


def _undefined(weights: Floats | None) -> Floats:
    """NaN in the shape of any figure."""
    return np.full(() if weights is None else weights.shape[:-1], np.nan)
