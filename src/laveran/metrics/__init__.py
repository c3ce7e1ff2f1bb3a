"""Figures with intervals: labels, probabilities and patients in, numbers out."""

from laveran.metrics.calibration import (
    ReliabilityCurve,
    calibrated,
    ece,
    fit_temperature,
    fit_temperature_to_noisy,
    reliability_curve,
)
from laveran.metrics.evaluation import (
    Evaluation,
    evaluate,
    measure,
    operating_figures,
    paired_difference,
)
from laveran.metrics.figures import (
    RocCurve,
    accuracy,
    auroc,
    brier,
    confusion_matrix,
    f1,
    mcc,
    roc_curve,
    sensitivity,
    specificity,
)
from laveran.metrics.intervals import Figure
from laveran.metrics.leaderboard import Leaderboard, score
from laveran.metrics.patients import (
    PatientRow,
    blank_false_positive_rate,
    patient_table,
    sensitivity_at_specificity,
    threshold_at_specificity,
    worst_tenth_accuracy,
)

__all__ = [
    "Evaluation",
    "Figure",
    "Leaderboard",
    "PatientRow",
    "ReliabilityCurve",
    "RocCurve",
    "accuracy",
    "auroc",
    "blank_false_positive_rate",
    "brier",
    "calibrated",
    "confusion_matrix",
    "ece",
    "evaluate",
    "f1",
    "fit_temperature",
    "fit_temperature_to_noisy",
    "mcc",
    "measure",
    "operating_figures",
    "paired_difference",
    "patient_table",
    "reliability_curve",
    "roc_curve",
    "score",
    "sensitivity",
    "sensitivity_at_specificity",
    "specificity",
    "threshold_at_specificity",
    "worst_tenth_accuracy",
]
