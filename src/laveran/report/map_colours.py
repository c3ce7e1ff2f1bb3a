"""What the points of a map can be coloured by: each way divides the cells into groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from laveran.report.formats import number

UNKNOWN = -1
SHARES = (0.1, 0.5, 0.9)  # between the groups of probabilities
GATE_SHARES = (0.4, 0.6, 0.8, 1.0)  # of the gate's threshold, between the groups of outlier scores
GOLDEN_DEGREES = 137.508  # hues of patients in turn: as far apart as any number of them can be


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one colour: a class of the style sheet, and for one of many a hue in degrees."""

    name: str
    colour: str
    count: int
    hue: int | None = None


@dataclass(frozen=True, slots=True)
class Colouring:
    """One way to colour the cells.

    Attributes:
        name: By what.
        groups: Those that have cells, in the order of the legend.
        of: Index of each cell's group [N].
    """

    name: str
    groups: tuple[Group, ...]
    of: list[int]


def colourings(
    labels: NDArray[np.integer],
    patients: Sequence[str],
    probability: NDArray[np.floating],
    called: NDArray[np.bool_],
    outlier: NDArray[np.floating] | None = None,
    gate: float | None = None,
) -> tuple[Colouring, ...]:
    """All ways to colour cells that their facts allow; those without labels leave out two.

    Args:
        labels: 1 parasitized, 0 uninfected, -1 unknown [N].
        patients: Patient of each cell [N], "" where unknown.
        probability: Of "parasitized" [N], 0..1.
        called: Whether the model calls a cell parasitized [N].
        outlier: Outlier score [N]; None without a gate.
        gate: The threshold of the outlier score.

    Example:
        >>> ways = colourings(np.array([1, 0]), ["A", "B"], np.array([0.9, 0.8]), np.ones(2, bool))
        >>> [way.name for way in ways]
        ['label', 'mistake', 'patient', 'probability']
        >>> [group.name for group in ways[1].groups]
        ['right', 'false positive']
    """
    known = labels != UNKNOWN
    ways = []
    if known.any():
        label = np.where(known, 1 - labels, 2)
        ways += [
            _grouped("label", label, _LABELS),
            _grouped("mistake", np.where(known, _mistake(labels, called), 3), _MISTAKES),
        ]
    if any(patients):
        ways.append(_by_patient(patients))
    probable = np.searchsorted(SHARES, probability, side="right")
    ways.append(_grouped("probability", probable, _PROBABILITIES))
    if outlier is not None and gate:
        beyond = np.searchsorted(GATE_SHARES, outlier / gate, side="left")
        ways.append(_grouped("outlier score", beyond, _outlier_groups(gate)))
    return tuple(ways)


_LABELS = (("parasitized", "positive"), ("uninfected", "negative"), ("no label", "none"))
_MISTAKES = (
    ("right", "none"),
    ("false positive", "false-positive"),
    ("false negative", "false-negative"),
    ("no label", "faint"),
)
_PROBABILITIES = tuple(
    (f"{low:g} to {high:g}", f"probability-{step}")
    for step, (low, high) in enumerate(zip((0, *SHARES), (*SHARES, 1), strict=True))
)


def _mistake(labels: NDArray[np.integer], called: NDArray[np.bool_]) -> NDArray[np.int64]:
    """0 right, 1 false positive, 2 false negative [N]."""
    return np.where(called == (labels == 1), 0, np.where(called, 1, 2))


def _outlier_groups(gate: float) -> tuple[tuple[str, str], ...]:
    """Names and colours of the groups of outlier scores, told by the gate's threshold."""
    edges = [number(share * gate) for share in GATE_SHARES]
    names = [f"up to {edges[0]}"]
    names += [f"{low} to {high}" for low, high in pairwise(edges)]
    names += [f"beyond the gate, {edges[-1]}"]
    return tuple((name, f"outlier-{step}") for step, name in enumerate(names))


def _by_patient(patients: Sequence[str]) -> Colouring:
    """A group a patient, those with the most cells first."""
    counts = Counter(patients)
    order = sorted(counts, key=lambda patient: (patient == "", -counts[patient], patient))
    groups = tuple(
        Group(
            patient or "unknown",
            "hue" if patient else "none",
            counts[patient],
            round(place * GOLDEN_DEGREES) % 360 if patient else None,
        )
        for place, patient in enumerate(order)
    )
    place_of = {patient: place for place, patient in enumerate(order)}
    return Colouring("patient", groups, [place_of[patient] for patient in patients])


def _grouped(by: str, of: NDArray[np.integer], groups: Sequence[tuple[str, str]]) -> Colouring:
    """A colouring by numbers of groups [N]; groups without cells are left out."""
    there, index, counts = np.unique(of, return_inverse=True, return_counts=True)
    named = [groups[int(place)] for place in there]
    kept = tuple(
        Group(name, colour, count)
        for (name, colour), count in zip(named, counts.tolist(), strict=True)
    )
    return Colouring(by, kept, index.tolist())
