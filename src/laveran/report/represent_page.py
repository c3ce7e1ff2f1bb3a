"""The page of a comparison of representations: the chart, the table, and what each method sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laveran.metrics import Figure
from laveran.report.formats import share
from laveran.report.page import STYLES, render_page
from laveran.report.represent_chart import (
    KINDS,
    STYLE,
    Kind,
    MethodRow,
    accuracy_chart,
    best_first,
)

Shown = tuple[str, str]  # a caption, and a picture as a data URI


@dataclass(frozen=True)
class MethodSights:
    """What one method sees.

    Attributes:
        row: Its figures.
        idea: What its vector says of a cell.
        source: Who thought of it.
        sights: Pictures of what it sees.
        nearest: Test cells with the training cells that it takes to be like them.
    """

    row: MethodRow
    idea: str
    source: str
    sights: Sequence[Shown]
    nearest: Shown


@dataclass(frozen=True)
class RepresentReport:
    """All that the page shows.

    Attributes:
        methods: In the order of the lecture.
        protocol: How the figures were got.
        n_cells: How many cells there are.
        notes: What must be known first, a sentence each.
        synthetic: Whether a program drew the cells.
    """

    methods: Sequence[MethodSights]
    protocol: str
    n_cells: int
    notes: Sequence[str] = ()
    synthetic: bool = False


def render(report: RepresentReport) -> str:
    """The page as HTML: one file without any outside asset."""
    rows = best_first([method.row for method in report.methods])
    return render_page(
        "represent.html.j2",
        styles=(*STYLES, STYLE, "represent.css"),
        report=report,
        rows=rows,
        chart=accuracy_chart(rows),
        leaders=leaders(rows),
        kinds=KINDS,
        points=points,
        seconds=seconds,
    )


def leaders(rows: Sequence[MethodRow]) -> dict[Kind, MethodRow]:
    """The best method of each kind that there is, in the order of `KINDS`."""
    best: dict[Kind, MethodRow] = {}
    for row in best_first(rows):
        best.setdefault(row.kind, row)
    return {kind: best[kind] for kind in KINDS if kind in best}


def points(behind: Figure) -> str:
    """A difference of two accuracies in words.

    >>> points(Figure(0.031, 0.012, 0.05))
    '3.1 points behind the best (1.2 to 5.0)'
    >>> points(Figure(0.004, -0.003, 0.011))
    '0.4 points behind the best (-0.3 to 1.1: perhaps chance)'
    """
    if behind.value is None or behind.low is None or behind.high is None:
        return "the best" if behind.value == 0 else f"{share(behind.value)} behind the best"
    chance = ": perhaps chance" if behind.low <= 0 else ""
    spread = f"{100 * behind.low:.1f} to {100 * behind.high:.1f}{chance}"
    return f"{100 * behind.value:.1f} points behind the best ({spread})"


def seconds(value: float) -> str:
    """A duration to two digits or whole seconds.

    >>> seconds(0.42), seconds(7.31), seconds(83.7)
    ('0.4', '7.3', '84')
    """
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"
