"""The page of a check: what a data set holds, and what is suspicious in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from laveran.cells.skipped import Skipped
from laveran.metrics import Figure
from laveran.report import formats
from laveran.report.examples import Example, contact_sheet
from laveran.report.page import render_page

MOST_LISTED = 1000  # rows of a folded list; the CSV files have them all


@dataclass(frozen=True, slots=True)
class TwinCell:
    """One of two near-duplicates, with its picture as a data URI."""

    name: str
    patient: str
    label: str
    picture: str


@dataclass(frozen=True, slots=True)
class TwinPair:
    """Two near-duplicates; `across` says what they should share but do not, in words."""

    first: TwinCell
    second: TwinCell
    distance: float
    across: str


@dataclass(frozen=True, slots=True)
class LeakRow:
    """Who is on several sides of a split, with the cells of each part in words."""

    group: str
    cells: str


@dataclass(frozen=True, slots=True)
class SplitSection:
    """A given split: where it is from, its parts, what leaks over it."""

    source: str
    parts: Mapping[str, int]
    leaks: Sequence[LeakRow]
    n_twins: int


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """How far a classifier gets from a few numbers of a cell."""

    features: str
    accuracy: Figure
    auroc: Figure


@dataclass(frozen=True, slots=True)
class SuspectSection:
    """Suspected label errors.

    Attributes:
        run: The run that doubts them.
        n_judged: Cells that it judged.
        n_parasitized: Suspected among those labelled parasitized.
        n_uninfected: Suspected among those labelled uninfected.
        examples: The worst of each, with pictures.
        patients_met: Whether the run may have learned from other cells of their patients.
    """

    run: str
    n_judged: int
    n_parasitized: int
    n_uninfected: int
    examples: Sequence[Example]
    patients_met: bool = False


@dataclass(frozen=True)
class CheckReport:
    """All that the page of a check shows.

    Attributes:
        data: What was checked.
        alarms: What makes figures wrong, a sentence each.
        notes: What else must be known.
        summary: The data in rows: what, how many.
        skipped: What was left out, and why.
        twins: Near-duplicates to show, the closest first.
        n_twins: How many there are.
        unit: What a split should keep whole: "patient", "photo" or "cell".
        splits: The splits that were given.
        probes: How far shortcuts lead, all features first.
        majority: Share of cells of the larger class; None without labels.
        suspects: Suspected label errors; None where no run was given.
    """

    data: str
    alarms: Sequence[str]
    notes: Sequence[str]
    summary: Mapping[str, str | int]
    skipped: Sequence[Skipped]
    twins: Sequence[TwinPair]
    n_twins: int
    unit: str
    splits: Sequence[SplitSection] = field(default_factory=tuple)
    probes: Sequence[ProbeRow] = field(default_factory=tuple)
    majority: float | None = None
    suspects: SuspectSection | None = None


def render(report: CheckReport) -> str:
    """The page as HTML: one file without any outside asset.

    Raises:
        DataError: If an example's picture is not uint8 RGB.
    """
    return render_page(
        "check.html.j2",
        report=report,
        sheet=contact_sheet(report.suspects.examples) if report.suspects else None,
        reasons=Counter(left_out.reason for left_out in report.skipped).most_common(),
        as_number=formats.number,
        most_listed=MOST_LISTED,
    )
