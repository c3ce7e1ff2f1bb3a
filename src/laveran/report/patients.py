"""A dot for each patient: how well the model does on one person's cells."""

from __future__ import annotations

import math
from collections.abc import Sequence

from laveran.metrics import PatientRow
from laveran.metrics.patients import ENOUGH_CELLS
from laveran.report.axes import Axis, bottom, labelled, round_ticks, widened
from laveran.report.formats import count, share
from laveran.report.svg import Svg, group, line, mark, picture, text

WIDTH = 380
LEFT, RIGHT = 16.0, 364.0
LEAST_RADIUS, MOST_RADIUS = 2.5, 8.0
MOST_DOTS = 400  # of each kind; beyond that the lowest accuracies are drawn

Dot = tuple[float, float]  # place along the axis, radius


def worst_tenth(rows: Sequence[PatientRow]) -> list[PatientRow]:
    """Whose cells `worst_tenth_accuracy` pools: of patients with enough cells the lowest tenth.

    Args:
        rows: The rows of `laveran.metrics.patient_table`, in its order.
    """
    enough = [row for row in rows if row.n_cells >= ENOUGH_CELLS]
    return enough[: math.ceil(len(enough) / 10)]


def patient_dots(rows: Sequence[PatientRow]) -> Svg:
    """Accuracy by patient as two swarms of dots, infected patients above controls.

    The area of a dot is in proportion to the patient's cells; the worst tenth is ringed.

    Args:
        rows: The rows of `laveran.metrics.patient_table`, at least one, in its order.
    """
    low, high = widened(rows[0].accuracy, 1.0)
    axis = Axis(low, min(high, 1.0), LEFT + MOST_RADIUS, RIGHT - MOST_RADIUS)
    groups = {
        "patients with parasites": [row for row in rows if row.n_parasitized],
        "controls": [row for row in rows if not row.n_parasitized],
    }
    most_cells = max(row.n_cells for row in rows)
    ringed = {row.patient for row in worst_tenth(rows)}
    drawn: list[Svg] = []
    y_px = 8.0
    for name, members in groups.items():
        if members:
            swarm, height = _swarm(members[:MOST_DOTS], axis, most_cells, ringed, y_px + 26)
            drawn += [text(LEFT, y_px + 12, f"{name}: {_how_many(len(members))}", "key"), swarm]
            y_px += 34 + height
    grid = [line(at := axis.at(value), 28, at, y_px, "grid") for value, _ in _ticks(axis)]
    scale = bottom(axis, _ticks(axis), y_px, "accuracy on the cells of one patient")
    label = (
        f"Accuracy of {count(len(rows))} patients, from {share(rows[0].accuracy)} to "
        f"{share(rows[-1].accuracy)}. The table has the numbers."
    )
    return picture(*grid, *drawn, scale, width=WIDTH, height=y_px + 44, label=label)


def _how_many(n: int) -> str:
    """How many patients there are, and that not all are drawn where they are not."""
    return count(n) if n <= MOST_DOTS else f"{count(MOST_DOTS)} lowest of {count(n)}"


def _ticks(axis: Axis) -> Sequence[tuple[float, str]]:
    """The axis's ticks in percent."""
    return labelled(round_ticks(axis.low, axis.high), shares=True)


def _swarm(
    rows: Sequence[PatientRow],
    axis: Axis,
    most_cells: int,
    ringed: set[str],
    top_px: float,
) -> tuple[Svg, float]:
    """The dots of one kind of patient below `top_px`, and the height that they take."""
    dots = [(axis.at(row.accuracy), _radius(row.n_cells, most_cells)) for row in rows]
    offsets = spread(dots)
    above = max(r - dy for (_, r), dy in zip(dots, offsets, strict=True))
    below = max(r + dy for (_, r), dy in zip(dots, offsets, strict=True))
    middle = top_px + above
    drawn = [
        mark(
            "circle",
            f"{row.patient}: {share(row.accuracy)} of {count(row.n_cells)} cells, "
            f"{row.false_positives} false positives, {row.false_negatives} false negatives",
            cx=x,
            cy=middle + dy,
            r=r,
            class_=_classes(row, ringed),
        )
        for row, (x, r), dy in zip(rows, dots, offsets, strict=True)
    ]
    return group(*drawn), above + below


def _classes(row: PatientRow, ringed: set[str]) -> str:
    """What paints a patient's dot."""
    kind = "infected" if row.n_parasitized else "control"
    return f"patient {kind} worst" if row.patient in ringed else f"patient {kind}"


def _radius(n_cells: int, most_cells: int) -> float:
    """The radius of a dot, its area in proportion to the cells."""
    return max(LEAST_RADIUS, MOST_RADIUS * math.sqrt(n_cells / most_cells))


def spread(dots: Sequence[Dot]) -> list[float]:
    """How far each dot moves up or down so that no two overlap, the least it can, largest first.

    >>> spread([(10.0, 3.0), (10.0, 2.0), (40.0, 3.0)])
    [0.0, 5.0, 0.0]
    """
    placed: list[tuple[float, float, float]] = []  # x, y, radius
    offsets = [0.0] * len(dots)
    for i in sorted(range(len(dots)), key=lambda i: -dots[i][1]):
        x, radius = dots[i]
        near = [dot for dot in placed if abs(dot[0] - x) < dot[2] + radius]
        touching = [
            dot[1] + side * math.sqrt((dot[2] + radius) ** 2 - (dot[0] - x) ** 2)
            for dot in near
            for side in (1, -1)
        ]
        nearest_first = sorted([0.0, *touching], key=abs)
        offsets[i] = next(y for y in nearest_first if _is_free(x, y, radius, near))
        placed.append((x, offsets[i], radius))
    return offsets


def _is_free(x: float, y: float, radius: float, near: Sequence[tuple[float, float, float]]) -> bool:
    """Whether a dot at (x, y) overlaps none of those near."""
    return all(math.hypot(x - dot[0], y - dot[1]) >= radius + dot[2] - 1e-6 for dot in near)
