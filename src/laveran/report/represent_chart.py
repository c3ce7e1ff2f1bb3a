"""The chart of a comparison of representations: accuracies with intervals, the best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from laveran.metrics import Figure
from laveran.report.axes import Axis, Ticks, bottom, labelled, round_ticks, widened
from laveran.report.formats import interval, share
from laveran.report.svg import Svg, element, group, line, picture, text

Kind = Literal["handcrafted", "unsupervised", "supervised", "transferred"]

STYLE = "represent_chart.css"
WIDTH, LEFT, RIGHT = 400.0, 22.0, 384.0
KEY_PX, ROW_PX, FOOT_PX = 58.0, 36.0, 44.0
KINDS: dict[Kind, str] = {
    "handcrafted": "by hand",
    "unsupervised": "learned without labels",
    "supervised": "learned from labels",
    "transferred": "learned from other pictures",
}


@dataclass(frozen=True)
class MethodRow:
    """What one representation is worth.

    Attributes:
        name: What the command calls it.
        title: What the page calls it.
        kind: Who made it.
        dimension: Numbers in a vector.
        accuracy: Of the linear probe on test patients.
        auroc: Of the probe.
        neighbour: Accuracy of the nearest neighbours.
        behind: Accuracy of the best method's probe minus this one's, on the same patients.
        penalty: C of the probe.
        seconds: To fit and to turn all cells into vectors.
    """

    name: str
    title: str
    kind: Kind
    dimension: int
    accuracy: Figure
    auroc: Figure
    neighbour: Figure
    behind: Figure
    penalty: float
    seconds: float

    def to_csv(self) -> tuple[str | int | float | None, ...]:
        """`method,dimension,probe_accuracy,probe_low,probe_high,neighbour_accuracy,seconds`."""
        figures = (self.accuracy.value, self.accuracy.low, self.accuracy.high, self.neighbour.value)
        rounded = (None if value is None else round(value, 6) for value in figures)
        return (self.name, self.dimension, *rounded, self.seconds)

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        figures = ("accuracy", "auroc", "neighbour", "behind")
        return {
            "method": self.name,
            "kind": self.kind,
            "dimension": self.dimension,
            **{name: getattr(self, name).to_json() for name in figures},
            "penalty": self.penalty,
            "seconds": self.seconds,
        }


def best_first(rows: Sequence[MethodRow]) -> list[MethodRow]:
    """The rows by the accuracy of their probes."""
    return sorted(rows, key=lambda row: -(row.accuracy.value or 0.0))


def accuracy_chart(rows: Sequence[MethodRow]) -> Svg:
    """A line a method: its accuracy with interval, that of its neighbours, who made it.

    Args:
        rows: At least one.
    """
    ordered = best_first(rows)
    axis, ticks = _axis(ordered)
    foot = KEY_PX + ROW_PX * len(ordered)
    drawn = [line(axis.at(at), KEY_PX, axis.at(at), foot, "grid") for at, _ in ticks]
    drawn += [_key()]
    drawn += [_row(row, axis, KEY_PX + ROW_PX * place) for place, row in enumerate(ordered)]
    drawn.append(bottom(axis, ticks, foot, "accuracy on patients never seen"))
    best, last = ordered[0], ordered[-1]
    label = (
        f"Accuracy of {len(ordered)} representations: from {last.title}, "
        f"{share(last.accuracy.value)}, to {best.title}, {share(best.accuracy.value)}"
    )
    return picture(*drawn, width=WIDTH, height=foot + FOOT_PX, label=label)


def _axis(rows: Sequence[MethodRow]) -> tuple[Axis, Ticks]:
    """An axis that holds every figure of the rows, and its ticks."""
    figures = [figure for row in rows for figure in (row.accuracy, row.neighbour)]
    ends = [end for each in figures for end in (each.value, each.low, each.high) if end is not None]
    low, high = widened(min(ends, default=0.0), max(ends, default=1.0))
    ticks = labelled(round_ticks(low, min(high, 1.0)), shares=True)
    return Axis(low, min(high, 1.0), LEFT, RIGHT), ticks


def _row(row: MethodRow, axis: Axis, top: float) -> Svg:
    """A method's name with its figure, and the marks below."""
    middle = top + 25
    figure = row.accuracy
    reading = (
        f"{row.title}, {KINDS[row.kind]}: {share(figure.value)} ({interval(figure)}); "
        f"neighbours {share(row.neighbour.value)}"
    )
    drawn = [
        text(LEFT, top + 14, row.title, "key"),
        text(RIGHT, top + 14, share(figure.value), "tick", "end"),
    ]
    if figure.low is not None and figure.high is not None:
        ends = axis.at(figure.low), axis.at(figure.high)
        drawn.append(line(ends[0], middle, ends[1], middle, f"spread {row.kind}"))
    if row.neighbour.value is not None:
        at = axis.at(row.neighbour.value)
        drawn.append(line(at, middle - 6, at, middle + 6, "neighbour"))
    if figure.value is not None:
        drawn.append(_symbol(row.kind, axis.at(figure.value), middle))
    whole = element("rect", x=0.0, y=top, width=WIDTH, height=ROW_PX, class_="probe-row")
    return element("g", element("title", reading), whole, *drawn, class_="method")


def _key() -> Svg:
    """What the symbols mean, in two lines."""
    drawn = []
    for number, (kind, words) in enumerate(KINDS.items()):
        x, y = (LEFT, LEFT + 150)[number % 2], 12.0 + 18 * (number // 2)
        drawn += [_symbol(kind, x + 5, y - 4), text(x + 16, y, words, "tick")]
    drawn += [
        line(LEFT + 5, 39, LEFT + 5, 51, "neighbour"),
        text(LEFT + 16, 49, "nearest neighbours; all else is the linear probe", "tick"),
    ]
    return group(*drawn)


def _symbol(kind: Kind, x: float, y: float) -> Svg:
    """The mark of a kind: told by its shape, and by its colour."""
    if kind == "handcrafted":
        return element("rect", x=x - 5, y=y - 5, width=10.0, height=10.0, class_=f"symbol {kind}")
    if kind == "transferred":
        corners = f"{x:.2f},{y - 7:.2f} {x + 7:.2f},{y:.2f} {x:.2f},{y + 7:.2f} {x - 7:.2f},{y:.2f}"
        return element("polygon", points=corners, class_=f"symbol {kind}")
    return element("circle", cx=x, cy=y, r=5.5, class_=f"symbol {kind}")
