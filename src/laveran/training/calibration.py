"""Temperature and thresholds, chosen on patients that are not scored with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.metrics import (
    calibrated,
    fit_temperature_to_noisy,
    operating_figures,
    threshold_at_specificity,
)
from laveran.metrics.readings import SPECIFICITIES
from laveran.model.contract import Interval, OperatingPoint
from laveran.training.folder import Predictions

ACCURACY = "accuracy"  # the homework's operating point: meets the labels as published
EVEN = "probability=0.5"  # a careful reader more likely sees a parasite than not


@dataclass(frozen=True)
class Calibration:
    """What stands between the raw logit and a call.

    Attributes:
        temperature: The raw logit is divided by it.
        thresholds: On the calibrated probability, by name of the operating point.
    """

    temperature: float
    thresholds: dict[str, float]

    def apply(
        self,
        names: list[str],
        groups: NDArray[np.str_],
        y_true: NDArray[np.int64],
        raw_logit: NDArray[np.float32],
    ) -> Predictions:
        """The predictions that follow from raw logits [N]."""
        logit = scaled(raw_logit, self.temperature)
        y_prob = calibrated(logit).astype(np.float32)
        called = {name: y_prob >= threshold for name, threshold in self.thresholds.items()}
        return Predictions(names, groups.tolist(), y_true, logit, called)


def calibrate(
    raw_logit: NDArray[np.float32],
    y_true: NDArray[np.int64],
    truth: NDArray[np.float32],
    groups: NDArray[np.str_],
    *,
    patients_known: bool,
    mislabelled: float = 0.0,
) -> Calibration:
    """Fit the temperature to what the cells show, then place each operating point's threshold.

    `mislabelled` is the share of uninfected cells whose `truth` is parasitized by mistake.

    The labels as published are met best where a cell is labelled parasitized as often as not:
    at 0.5 where nothing but they were learned; elsewhere lower, for what is in doubt is mostly
    labelled parasitized. A threshold for a specificity lies where that share of the controls'
    cells is negative; of all uninfected cells where there are no controls or no patients.
    """
    temperature = fit_temperature_to_noisy(raw_logit, truth, mislabelled)
    logit = scaled(raw_logit, temperature)
    y_prob = calibrated(logit).astype(np.float32)
    labels_learned = mislabelled == 0 and np.array_equal(truth, y_true)
    thresholds = {ACCURACY: 0.5 if labels_learned else _even_odds(logit, y_true), EVEN: 0.5}
    for specificity in SPECIFICITIES.values():  # for films, where nearly all are uninfected
        found = threshold_at_specificity(
            y_true, y_prob, groups if patients_known else None, specificity
        )
        if found is not None:
            thresholds[f"specificity={specificity}"] = min(found, 1.0)
    return Calibration(temperature, thresholds)


def scaled(raw_logit: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Calibrated logits [N], in the precision of the model file."""
    return (raw_logit / np.float32(temperature)).astype(np.float32)


def _even_odds(logit: NDArray[np.float32], y_true: NDArray[np.int64]) -> float:
    """The probability at which cells are labelled parasitized as often as not, else 0.5.

    By the sigmoid that Platt 1999 ("Probabilistic outputs for support vector machines") fits to
    scores; the threshold of the highest accuracy itself follows single cells.
    """
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(y_true)) < 2:
        return 0.5
    sigmoid = LogisticRegression().fit(logit[:, np.newaxis].astype(np.float64), y_true)
    slope, offset = float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0])
    return float(calibrated(-offset / slope)) if slope > 0 else 0.5


def operating_points(
    thresholds: dict[str, float], scored: Predictions, seed: int, unit: str
) -> tuple[OperatingPoint, ...]:
    """Each threshold with what it does on the scored patients, who did not choose it.

    `unit` is what `scored.patients` holds: "patient", "photo" or "cell".
    """
    points = []
    for name, threshold in thresholds.items():
        if name not in scored.called:
            continue
        found = operating_figures(
            scored.y_true, scored.called[name], scored.patients, unit=unit, seed=seed
        )
        figures = {figure: Interval(**value.to_json()) for figure, value in found.items()}
        points.append(OperatingPoint(name=name, threshold=threshold, **figures))
    return tuple(points)
