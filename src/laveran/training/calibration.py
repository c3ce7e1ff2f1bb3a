"""Temperature and thresholds, chosen on patients that are not scored with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.metrics import (
    Figure,
    calibrated,
    fit_temperature_to_noisy,
    threshold_at_specificity,
)
from laveran.metrics.readings import SPECIFICITIES
from laveran.model.contract import ACCURACY, Interval, OperatingPoint
from laveran.training.folder import Predictions

EVEN = "probability=0.5"  # what was learned, readings or labels, is as likely as not


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
        return Predictions(names, groups.tolist(), y_true, logit, called_at(self.thresholds, logit))


def called_at(
    thresholds: Mapping[str, float], logit: NDArray[np.float32]
) -> dict[str, NDArray[np.bool_]]:
    """By operating point, which cells reach its threshold, from calibrated logits [N]."""
    y_prob = calibrated(logit).astype(np.float32)
    return {name: y_prob >= threshold for name, threshold in thresholds.items()}


@dataclass(frozen=True)
class Placing:
    """How thresholds are placed.

    Attributes:
        patients_known: Whether cells go by patients, so that there are controls to go by.
        labels_learned: Whether nothing but the labels was learned.
        first: Name of the operating point that is the default.
    """

    patients_known: bool
    labels_learned: bool = True
    first: str = ACCURACY

    def thresholds(
        self, logit: NDArray[np.float32], y_true: NDArray[np.int64], groups: NDArray[np.str_]
    ) -> dict[str, float]:
        """The threshold of each operating point, on the probability, from calibrated logits [N].

        The labels as published are met best where a cell is labelled parasitized as often as
        not: at 0.5 where nothing but they were learned; elsewhere mostly lower, for what is in
        doubt is mostly labelled parasitized. A threshold for a specificity lies where that share
        of the controls' cells is negative; of all uninfected cells where there are no controls or
        no patients. The default comes first: "accuracy" where that called `first` cannot be placed.
        """
        y_prob = calibrated(logit).astype(np.float32)
        accurate = 0.5 if self.labels_learned else _where_labels_are_even(logit, y_true)
        thresholds = {ACCURACY: accurate, EVEN: 0.5}
        for specificity in SPECIFICITIES.values():  # for films, where nearly all are uninfected
            found = threshold_at_specificity(
                y_true, y_prob, groups if self.patients_known else None, specificity
            )
            if found is not None:
                thresholds[f"specificity={specificity}"] = min(found, 1.0)
        return dict(sorted(thresholds.items(), key=lambda point: point[0] != self.first))


def calibrate(
    raw_logit: NDArray[np.float32],
    y_true: NDArray[np.int64],
    truth: NDArray[np.float32],
    groups: NDArray[np.str_],
    placing: Placing,
    mislabelled: float = 0.0,
) -> Calibration:
    """Fit the temperature to what the cells show, then place each operating point's threshold.

    `mislabelled` says which share of the uninfected cells is parasitized in `truth` by mistake.
    """
    temperature = fit_temperature_to_noisy(raw_logit, truth, mislabelled)
    thresholds = placing.thresholds(scaled(raw_logit, temperature), y_true, groups)
    return Calibration(temperature, thresholds)


def scaled(raw_logit: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Calibrated logits [N], in the precision of the model file."""
    return (raw_logit / np.float32(temperature)).astype(np.float32)


def _where_labels_are_even(logit: NDArray[np.float32], y_true: NDArray[np.int64]) -> float:
    """The probability at which cells are labelled parasitized as often as not, else 0.5.

    By the sigmoid that Platt 1999 ("Probabilistic outputs for support vector machines") fits to
    scores; the threshold of the highest accuracy itself follows single cells.
    """
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(y_true)) < 2:
        return 0.5
    sigmoid = LogisticRegression().fit(logit[:, np.newaxis].astype(np.float64), y_true)
    slope, offset = float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0])
    middle = -offset / slope if slope > 0 else np.inf
    if not logit.min() < middle < logit.max():
        return 0.5  # where the network has learned nothing
    return float(np.float32(calibrated(middle)))


def operating_points(
    thresholds: dict[str, float], figures: Mapping[str, Mapping[str, Figure]]
) -> tuple[OperatingPoint, ...]:
    """Each threshold with its figures on the scored patients, who did not choose it."""
    return tuple(
        OperatingPoint(
            name=name,
            threshold=threshold,
            **{figure: Interval(**value.to_json()) for figure, value in figures[name].items()},
        )
        for name, threshold in thresholds.items()
        if name in figures
    )
