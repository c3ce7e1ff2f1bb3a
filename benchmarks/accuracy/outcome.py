"""Every method with its figures: as a table, as a picture, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy.method import Facts
from laveran.metrics import Evaluation, Figure, evaluate, paired_difference
from laveran.report.formats import count, number, share

COLUMNS = (
    "accuracy",
    "behind the first, points",
    "AUROC",
    "MCC",
    "sensitivity where 99% of controls' cells are negative",
    "false positives on controls",
    "parameters",
    "file",
    "cells/s",
)


@dataclass(frozen=True)
class Outcome:
    """One method.

    Attributes:
        name: As it is shown.
        ours: Whether it is one of Laveran's.
        facts: What it is.
        evaluation: Its figures on the test cells.
        cells_per_second: From pictures in memory to probabilities; None if not measured.
        behind: Name of another method, and that one's accuracy minus this one's, by resampling
            the same patients; None for the first.
    """

    name: str
    ours: bool
    facts: Facts
    evaluation: Evaluation
    cells_per_second: float | None = None
    behind: tuple[str, Figure] | None = None

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "name": self.name,
            "ours": self.ours,
            **asdict(self.facts),
            "cells_per_second": self.cells_per_second,
            "figures": self.evaluation.to_json(),
            "accuracy_behind": {self.behind[0]: self.behind[1].to_json()} if self.behind else {},
        }


@dataclass(frozen=True)
class Scored:
    """The test cells of all folds: labels and patients [N]."""

    y_true: NDArray[np.int64]
    patients: NDArray[np.str_]

    def outcome(
        self,
        name: str,
        facts: Facts,
        y_prob: NDArray[np.float64],
        called: NDArray[np.bool_],
        reference: tuple[str, NDArray[np.bool_]] | None,
        *,
        ours: bool,
        cells_per_second: float | None,
    ) -> Outcome:
        """A method's figures; `reference` is another's name and calls to compare with."""
        behind = None
        if reference:
            other, theirs = reference
            difference = paired_difference(
                self.y_true, theirs.astype(float), called.astype(float), self.patients
            )
            behind = (other, difference)
        figures = evaluate(self.y_true, y_prob, self.patients, called=called)
        return Outcome(name, ours, facts, figures, cells_per_second, behind)


def markdown(outcomes: Sequence[Outcome], heading: str, notes: Sequence[str]) -> str:
    """The table below a line that says what was scored, and what each method is."""
    lines = [heading, "", f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    lines += [f"| {each.name} | {' | '.join(_cells(each))} |" for each in outcomes]
    lines += ["", *(f"- **{each.name}**: {each.facts.note}." for each in outcomes)]
    return "\n".join([*lines, *(f"- {note}" for note in notes)]) + "\n"


def _cells(outcome: Outcome) -> list[str]:
    """A row of the table, in the order of `COLUMNS`."""
    found = outcome.evaluation
    speed = outcome.cells_per_second
    return [
        _share(found.accuracy),
        _points(outcome.behind[1]) if outcome.behind else "",
        number(found.auroc.value),
        number(found.mcc.value),
        _share(found.sensitivity_at_99_specificity),
        _share(found.blank_false_positive_rate),
        count(outcome.facts.parameters),
        size(outcome.facts.file_bytes),
        "" if speed is None else f"{speed:,.0f}",
    ]


def size(n_bytes: int) -> str:
    """A file's size.

    >>> size(378_756), size(44_800_000)
    ('0.38 MB', '44.8 MB')
    """
    megabytes = n_bytes / 1e6
    return f"{megabytes:.2f} MB" if megabytes < 1 else f"{megabytes:.1f} MB"


def _share(figure: Figure) -> str:
    """A share and its interval."""
    if figure.value is None or figure.low is None or figure.high is None:
        return share(figure.value)
    return f"{share(figure.value)} ({100 * figure.low:.1f}-{100 * figure.high:.1f})"


def _points(difference: Figure) -> str:
    """A difference of shares and its interval, in points."""
    if difference.value is None or difference.low is None or difference.high is None:
        return share(difference.value)
    value, low, high = (100 * each for each in (difference.value, difference.low, difference.high))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"
