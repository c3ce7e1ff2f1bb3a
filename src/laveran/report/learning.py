"""Learning curves: what each epoch of a training left in its history."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from laveran.report.axes import Axis, bottom, labelled, left, round_ticks, widened
from laveran.report.formats import compact, share
from laveran.report.svg import Svg, element, group, line, mark, picture, polyline, text

Epoch = Mapping[str, float]
WIDTH, HEIGHT = 380, 280
LEFT, RIGHT, TOP, BOTTOM = 54.0, 364.0, 32.0, 236.0


@dataclass(frozen=True, slots=True)
class Curve:
    """One column of a history: its key, what to call it, and the class that paints it."""

    key: str
    name: str
    class_: str


LOSS = (
    Curve("train_loss", "train", "train"),
    Curve("valid_loss", "valid", "valid"),
)
ACCURACY = (Curve("valid_accuracy", "valid", "valid"),)
LEARNING_RATE = (Curve("learning_rate", "learning rate", "rate"),)


def learning_curves(
    history: Sequence[Epoch],
    curves: Sequence[Curve],
    title: str,
    *,
    shares: bool = False,
) -> Svg | None:
    """Curves over the epochs: thin lines a fold, and their mean where there are several folds.

    Args:
        history: One row an epoch with `epoch` and the curves' keys; rows of several folds have
            a `fold` too. Keys that are missing, and NaN, are left out.
        curves: What to draw.
        title: What the numbers are.
        shares: Whether they are shares, to be read in percent.

    Returns:
        The drawing; None where the history has none of the curves.
    """
    written = share if shares else compact
    runs = {curve: _runs(history, curve.key) for curve in curves}
    values = [y for of_curve in runs.values() for run in of_curve for y in run.values()]
    if not values:
        return None
    epochs = [epoch for of_curve in runs.values() for run in of_curve for epoch in run]
    first, last = min(epochs), max(epochs)
    x = Axis(first - 0.5, last + 0.5, LEFT, RIGHT)
    low, high = widened(min(values), max(values))
    y = Axis(low, high, BOTTOM, TOP)
    whole = [epoch for epoch in round_ticks(first, max(last, first + 5)) if epoch <= last]
    drawn = [
        left(y, labelled(round_ticks(low, high), shares=shares), LEFT, RIGHT, title),
        bottom(x, [(epoch, f"{epoch:.0f}") for epoch in whole], BOTTOM, "epoch"),
        *(_lines(of_curve, curve.class_, x, y) for curve, of_curve in runs.items()),
        *(_probe(epoch, runs, x, written) for epoch in sorted(set(epochs))),
        _key(curves) if len(curves) > 1 else Svg(),
    ]
    label = f"{title} over {last:.0f} epochs: " + ", ".join(
        f"{curve.name} ends at {written(_mean([run[max(run)] for run in of_curve]))}"
        for curve, of_curve in runs.items()
        if of_curve
    )
    return picture(*drawn, width=WIDTH, height=HEIGHT, label=label)


def _runs(history: Sequence[Epoch], key: str) -> list[dict[float, float]]:
    """The values by epoch, one dict a fold that has any."""
    runs: dict[float, dict[float, float]] = {}
    for row in history:
        value = row.get(key)
        if value is not None and math.isfinite(value):
            runs.setdefault(row.get("fold", 0), {})[row["epoch"]] = float(value)
    return list(runs.values())


def _lines(runs: list[dict[float, float]], class_: str, x: Axis, y: Axis) -> Svg:
    """One line a run; with several runs they are thin and their mean is added."""
    drawn = [_line(run, f"{class_} fold" if len(runs) > 1 else class_, x, y) for run in runs]
    if len(runs) > 1:
        shared = set.intersection(*(set(run) for run in runs))
        mean = {epoch: _mean([run[epoch] for run in runs]) for epoch in sorted(shared)}
        drawn.append(_line(mean, class_, x, y))
    return group(*drawn)


def _line(run: dict[float, float], class_: str, x: Axis, y: Axis) -> Svg:
    """A run as a line, or as a dot when it has one epoch."""
    x_px, y_px = [x.at(epoch) for epoch in run], [y.at(value) for value in run.values()]
    if len(run) == 1:
        return element("circle", cx=x_px[0], cy=y_px[0], r=3, class_=f"{class_} dot")
    return polyline(x_px, y_px, class_)


def _probe(
    epoch: float,
    runs: dict[Curve, list[dict[float, float]]],
    x: Axis,
    written: Callable[[float | None], str],
) -> Svg:
    """An invisible column that reads out one epoch, and shows a hairline under the pointer."""
    parts = []
    for curve, of_curve in runs.items():
        here = [run[epoch] for run in of_curve if epoch in run]
        if here:
            folds = f" (mean of {len(here)} folds)" if len(here) > 1 else ""
            parts.append(f"{curve.name} {written(_mean(here))}{folds}")
    half = (x.at(1.0) - x.at(0.0)) / 2
    at = x.at(epoch)
    return element(
        "g",
        mark(
            "rect",
            f"epoch {epoch:.0f}: {', '.join(parts)}",
            x=at - half,
            y=TOP,
            width=2 * half,
            height=BOTTOM - TOP,
        ),
        line(at, TOP, at, BOTTOM, "hairline"),
        class_="probe-column",
    )


def _key(curves: Sequence[Curve]) -> Svg:
    """Which line is which, at the top right."""
    drawn = []
    right = RIGHT
    for curve in reversed(curves):
        width = 6.5 * len(curve.name)
        drawn.append(text(right, TOP - 12, curve.name, "key", "end"))
        drawn.append(line(right - width - 24, TOP - 16, right - width - 6, TOP - 16, curve.class_))
        right -= width + 40
    return group(*drawn)


def _mean(values: Sequence[float]) -> float:
    """The mean."""
    return sum(values) / len(values)
