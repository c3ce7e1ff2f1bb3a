"""Temperature and thresholds, chosen on patients that are not scored with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.metrics import (
    calibrated,
    fit_temperature_to_noisy,
    measure,
    threshold_at_specificity,
)
from laveran.metrics.readings import SPECIFICITIES
from laveran.model.contract import Interval, OperatingPoint
from laveran.training.folder import Predictions

ACCURACY = "accuracy"  # the homework's operating point: 0.5 on the calibrated probability


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

    A threshold for a specificity lies where that share of the controls' cells is
    negative; of all uninfected cells where there are no controls or no patients.
    """
    temperature = fit_temperature_to_noisy(raw_logit, truth, mislabelled)
    y_prob = calibrated(scaled(raw_logit, temperature)).astype(np.float32)
    thresholds = {ACCURACY: 0.5}
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


def operating_points(
    thresholds: dict[str, float], scored: Predictions, seed: int
) -> tuple[OperatingPoint, ...]:
    """Each threshold with what it does on the scored patients, who did not choose it."""
    points = []
    for name, threshold in thresholds.items():
        if name not in scored.called:
            continue
        called = scored.called[name].astype(float)
        sensitivity, specificity = (
            Interval(**measure(which, scored.y_true, called, scored.patients, seed=seed).to_json())
            for which in ("sensitivity", "specificity")
        )
        points.append(
            OperatingPoint(
                name=name, threshold=threshold, sensitivity=sensitivity, specificity=specificity
            )
        )
    return tuple(points)
