"""What a training run leaves to read: one HTML page with every figure and the worst mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.skipped import Skipped
from laveran.errors import DataError
from laveran.metrics import (
    Evaluation,
    Figure,
    PatientRow,
    ReliabilityCurve,
    confusion_matrix,
    patient_table,
    reliability_curve,
)
from laveran.report.examples import Example, contact_sheet, loss
from laveran.report.figure_table import figure_groups
from laveran.report.learning import ACCURACY, LEARNING_RATE, LOSS, Epoch, learning_curves
from laveran.report.page import render_page
from laveran.report.patients import patient_dots, worst_tenth
from laveran.report.probabilities import probabilities, reliability
from laveran.report.roc import roc
from laveran.report.svg import Svg

REREAD_BINS = 5  # some hundred cells fill no more
MOST_LISTED = 1000  # rows of a folded list; the run folder's CSV files have them all
LEARNING_CAPTIONS = (
    (
        "Loss",
        """Train falling while valid rises would be overfitting. Augmentation and label smoothing
        raise the loss on the training cells, so valid may lie below train.""",
    ),
    (
        "Valid accuracy",
        """On the cells set aside to choose the epoch and the temperature. None of them is in the
        figures above.""",
    ),
    ("Learning rate", "The step size of the optimiser over the epochs."),
)


@dataclass(frozen=True)
class RunReport:
    """All that the page of a run shows.

    Attributes:
        title: What was done, for the top of the page.
        protocol: How the figures were come by, in one line: folds, patients, cells.
        evaluation: The figures with their intervals.
        names: Name of each scored cell [N].
        patients: Patient of each scored cell [N]; photos or cells where `evaluation.n_patients`
            is 0, and then no figures by patient are shown.
        y_true: Labels of the scored cells [N], 1 parasitized, 0 uninfected.
        y_prob: Their probabilities of "parasitized" [N], 0..1.
        reread: What careful readers say of some of the cells, by name, 1 or 0.
        threshold: That of the model: parasitized where `y_prob >= threshold`.
        operating_point: The threshold's name.
        called: Whether each cell is called parasitized [N], where folds were scored, each with
            thresholds from the others; None: by `threshold`.
        operating_points: Figures of `metrics.operating_figures` by operating point.
        notes: Findings to be seen first, a sentence each.
        optimistic: Whether the same patients may be on both sides of the split, or the recipe was
            chosen on them; a note says which.
        synthetic: Whether a program drew the cells.
        history: A row an epoch: `epoch, train_loss, valid_loss, valid_accuracy, learning_rate,
            seconds`, and `fold` where there are several; what is missing is not drawn.
        mistakes: Wrongly called cells to show.
        data: The data in rows: what, how many.
        skipped: What was left out of the data, and why.
        recipe: The recipe as TOML.
        versions: Of the software that made the run.

    Raises:
        DataError: If names, patients, labels and probabilities differ in length.
    """

    title: str
    protocol: str
    evaluation: Evaluation
    names: Sequence[str]
    patients: Sequence[str]
    y_true: NDArray[np.integer]
    y_prob: NDArray[np.floating]
    reread: Mapping[str, int] = field(default_factory=dict)
    threshold: float = 0.5
    operating_point: str = "accuracy"
    called: NDArray[np.bool_] | None = None
    operating_points: Mapping[str, Mapping[str, Figure]] = field(default_factory=dict)
    notes: Sequence[str] = ()
    optimistic: bool = False
    synthetic: bool = False
    history: Sequence[Epoch] = ()
    mistakes: Sequence[Example] = ()
    data: Mapping[str, str | int] = field(default_factory=dict)
    skipped: Sequence[Skipped] = ()
    recipe: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lengths = {
            name: len(getattr(self, name)) for name in ("names", "patients", "y_true", "y_prob")
        } | ({} if self.called is None else {"called": len(self.called)})
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{length} {name}" for name, length in lengths.items())
            raise DataError(f"a report needs one of each for every cell, not {found}")

    @property
    def calls(self) -> NDArray[np.float64]:
        """1 where a cell is called parasitized, else 0 [N]."""
        called = np.asarray(self.y_prob) >= self.threshold if self.called is None else self.called
        return called.astype(np.float64)


@dataclass(frozen=True, slots=True)
class WrongCall:
    """A cell that was called what it is not, for the list of all of them."""

    name: str
    patient: str
    label: int
    probability: float
    loss: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with its title and the sentence that helps to read it."""

    title: str
    drawing: Svg
    caption: str


def render(report: RunReport) -> str:
    """The page as HTML: one file without any outside asset.

    Raises:
        DataError: If labels or probabilities are not what they should be (see
            `laveran.metrics`), or an example's picture is not uint8 RGB.
    """
    rows = _patient_rows(report)
    wrong = _wrong_calls(report)
    return render_page(
        "run_report.html.j2",
        report=report,
        figures=report.evaluation,
        groups=figure_groups(report.evaluation),
        learning=_learning(report.history),
        roc=roc(report.y_true, report.y_prob, report.threshold, report.calls),
        confusion=confusion_matrix(report.y_true, report.calls).astype(int).tolist(),
        reliability=reliability(report.y_true, report.y_prob),
        reread=_reread(report),
        bins=_bins(reliability_curve(report.y_true, report.y_prob)),
        probabilities=probabilities(report.y_true, report.y_prob, report.threshold, report.calls),
        patient_rows=rows[:MOST_LISTED],
        n_patients=len(rows),
        patient_dots=patient_dots(rows) if rows else None,
        worst={row.patient for row in worst_tenth(rows)},
        sheet=contact_sheet(report.mistakes),
        wrong=wrong[:MOST_LISTED],
        n_wrong=len(wrong),
        reasons=Counter(left_out.reason for left_out in report.skipped).most_common(),
        skipped=report.skipped[:MOST_LISTED],
    )


def write(report: RunReport, path: Path | str) -> None:
    """Write the page of `report` to `path`, whole or not at all.

    Raises:
        DataError: As for `render`.
    """
    files.write_text(path, render(report))


def _reread(report: RunReport) -> Svg | None:
    """The reliability diagram of the cells that were read again, the readings as the truth."""
    cells = [i for i, name in enumerate(report.names) if name in report.reread]
    if not cells:
        return None
    truth = [report.reread[report.names[i]] for i in cells]
    return reliability(truth, np.asarray(report.y_prob)[cells], REREAD_BINS, has_table=False)


def _patient_rows(report: RunReport) -> list[PatientRow]:
    """A row a patient, the lowest accuracy first; none where nothing tells the patients."""
    if not report.evaluation.n_patients:
        return []
    return patient_table(report.y_true, report.calls, list(report.patients))


def _wrong_calls(report: RunReport) -> list[WrongCall]:
    """All wrongly called cells, the greatest loss first."""
    wrong = [
        WrongCall(
            report.names[i],
            report.patients[i] if report.evaluation.n_patients else "",
            label := int(report.y_true[i]),
            probability := float(report.y_prob[i]),
            loss(label, probability),
        )
        for i in np.flatnonzero(report.calls != np.asarray(report.y_true)).tolist()
    ]
    return sorted(wrong, key=lambda call: -call.loss)


def _learning(history: Sequence[Epoch]) -> list[Chart]:
    """The curves that the history has."""
    drawn = [
        learning_curves(history, LOSS, "loss"),
        learning_curves(history, ACCURACY, "accuracy on valid cells", shares=True),
        learning_curves(history, LEARNING_RATE, "learning rate"),
    ]
    return [
        Chart(title, drawing, caption)
        for drawing, (title, caption) in zip(drawn, LEARNING_CAPTIONS, strict=True)
        if drawing
    ]


def _bins(curve: ReliabilityCurve) -> list[dict[str, float]]:
    """The reliability curve as rows."""
    columns = zip(*(column.tolist() for column in curve), strict=True)
    return [dict(zip(curve._fields, row, strict=True)) for row in columns]
