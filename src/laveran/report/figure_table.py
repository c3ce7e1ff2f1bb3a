"""The figures of an evaluation in words: names, meanings, intervals on shared axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from laveran.metrics import Evaluation, Figure
from laveran.report.formats import interval, number, share
from laveran.report.intervals import interval_strips
from laveran.report.svg import Svg


@dataclass(frozen=True, slots=True)
class Wording:
    """How a figure of `Evaluation` is written.

    Attributes:
        key: Its name there.
        name: Its name on the page.
        meaning: What it says, in a few words.
        missing: Why it may be undefined.
        written: How its numbers read.
    """

    key: str
    name: str
    meaning: str
    missing: str
    written: Callable[[float | None], str] = share


NO_CLASS = "needs cells of both classes"
NO_POSITIVE = "needs parasitized cells"
HIGHER_IS_BETTER = (
    Wording("accuracy", "Accuracy", "cells called what they are", "needs cells"),
    Wording("sensitivity", "Sensitivity", "parasitized cells called so", NO_POSITIVE),
    Wording("specificity", "Specificity", "uninfected cells called so", "needs uninfected cells"),
    Wording(
        "sensitivity_at_99_specificity",
        "Sensitivity at 99% specificity",
        "parasitized cells found when 99% of the cells of controls are negative",
        NO_CLASS,
    ),
    Wording(
        "worst_tenth_accuracy",
        "Worst tenth of patients",
        "accuracy on the tenth of patients it does worst on",
        "needs known patients with at least 20 cells",
    ),
    Wording("f1", "F1", "harmonic mean of sensitivity and precision", NO_POSITIVE),
    Wording("mcc", "MCC", "correlation of labels and calls", NO_CLASS, number),
    Wording("auroc", "AUROC", "area under the ROC curve", NO_CLASS, number),
)
LOWER_IS_BETTER = (
    Wording(
        "blank_false_positive_rate",
        "Blank",
        "cells of controls called parasitized",
        "needs controls: patients without any parasitized cell",
    ),
    Wording("ece", "ECE", "how far probabilities are from observed shares", "needs cells", number),
    Wording("brier", "Brier score", "mean squared error of the probability", "needs cells", number),
)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One row of the table."""

    wording: Wording
    value: str
    interval: str
    missing: str | None
    strip: Svg | None


@dataclass(frozen=True, slots=True)
class FigureGroup:
    """Rows that share an axis."""

    title: str
    axis: Svg | None
    rows: list[FigureRow]


def figure_groups(evaluation: Evaluation) -> list[FigureGroup]:
    """All figures in two groups, by whether more or less of them is better."""
    return [
        _group("Higher is better", HIGHER_IS_BETTER, evaluation),
        _group("Lower is better", LOWER_IS_BETTER, evaluation),
    ]


def _group(title: str, wordings: Sequence[Wording], evaluation: Evaluation) -> FigureGroup:
    """The figures of `wordings` on one axis that just holds their intervals."""
    figures: list[Figure] = [getattr(evaluation, wording.key) for wording in wordings]
    axis, strips = interval_strips(figures)
    rows = [_row(*each) for each in zip(wordings, figures, strips, strict=True)]
    return FigureGroup(title, axis, rows)


def _row(wording: Wording, figure: Figure, strip: Svg | None) -> FigureRow:
    """One figure as text and drawing."""
    return FigureRow(
        wording=wording,
        value=wording.written(figure.value),
        interval=interval(figure, wording.written),
        missing=wording.missing if figure.value is None else None,
        strip=strip,
    )
