"""The page of a search: what was tried, what it gave, what mattered, what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from laveran import files
from laveran.metrics import Evaluation
from laveran.report.figure_table import figure_groups
from laveran.report.page import render_page
from laveran.report.search_charts import TrialRow, importance_bars, over_time, slice_of
from laveran.report.svg import Svg

SLICES = 6  # of the most important settings


@dataclass(frozen=True)
class SearchReport:
    """All that the page of a search shows.

    Attributes:
        trials: Every trial, in the order in which they ended.
        chosen: Number of the trial whose recipe was chosen.
        objective: What a trial's value is, in one sentence.
        protocol: What was searched on and what was locked away, in one sentence.
        evaluation: The chosen recipe on the locked patients; None while they are locked.
        locked_protocol: How those figures were got.
        importances: Share of each setting in what made trials differ, the largest first.
        recipe: The chosen recipe as TOML.
        notes: Findings to be seen first, a sentence each.
        optimistic: Whether the same patients may be on both sides of a division.
        synthetic: Whether a program drew the cells.
        versions: Of the software.
    """

    trials: Sequence[TrialRow]
    chosen: int
    objective: str
    protocol: str
    evaluation: Evaluation | None = None
    locked_protocol: str = ""
    importances: Mapping[str, float] = field(default_factory=dict)
    recipe: str = ""
    notes: Sequence[str] = ()
    optimistic: bool = False
    synthetic: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)


def render(report: SearchReport) -> str:
    """The page as HTML: one file without any outside asset."""
    names = dict.fromkeys(name for trial in report.trials for name in trial.params)
    ranked = sorted(names, key=lambda name: -report.importances.get(name, 0.0))
    return render_page(
        "search_report.html.j2",
        report=report,
        figures=report.evaluation,
        groups=figure_groups(report.evaluation) if report.evaluation else [],
        best=next(trial for trial in report.trials if trial.number == report.chosen),
        progress=over_time(report.trials),
        importances=importance_bars(report.importances),
        slices=_slices(ranked, report.trials),
        settings=list(names),
    )


def write(report: SearchReport, path: Path | str) -> None:
    """Write the page of `report` to `path`, whole or not at all."""
    files.write_text(path, render(report))


def _slices(names: Sequence[str], trials: Sequence[TrialRow]) -> list[tuple[str, Svg]]:
    """The slices of the first settings that any trial chose."""
    drawn = [(name.replace("_", " "), slice_of(name, trials)) for name in names[:SLICES]]
    return [(name, drawing) for name, drawing in drawn if drawing]
