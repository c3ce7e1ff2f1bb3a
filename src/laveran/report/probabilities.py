"""Probabilities: whether they mean what they say, and how they tell the classes apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.metrics import ReliabilityCurve, confusion_matrix, reliability_curve
from laveran.report.axes import PROBABILITIES, TENTHS, Axis, bottom, count_ticks, left, logarithmic
from laveran.report.formats import count, number, share
from laveran.report.svg import Svg, group, line, mark, picture, polyline, text

SIDE = 380  # of a drawing, in its own coordinates
LEFT, RIGHT, TOP, BOTTOM = 50.0, 364.0, 32.0, 336.0  # where the marks are
CURVE_BOTTOM, COUNTS_TOP = 236.0, 268.0  # of the two parts of the reliability diagram
ACROSS = Axis(0, 1, LEFT, RIGHT)
TITLE = "predicted probability"


def reliability(
    y_true: ArrayLike, y_prob: ArrayLike, bins: int = 15, *, has_table: bool = True
) -> Svg:
    """The reliability diagram: observed share over mean probability, counts below.

    The area of a point grows with its cells. Counts are on a logarithmic scale.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected.
        y_prob: Probabilities of "parasitized" [N].
        bins: Bins of equal width.
        has_table: Whether a table of the numbers stands below the drawing, for its label.

    Raises:
        DataError: If the arrays do not fit (see `laveran.metrics`).
    """
    curve = reliability_curve(y_true, y_prob, bins)
    readings = [
        f"probability {low:.2f} to {high:.2f}: {count(int(n))} cells, mean {number(mean)}, "
        f"{share(observed)} parasitized"
        for low, high, mean, observed, n in zip(*curve, strict=True)
    ]
    drawn = [
        _observed(curve, readings),
        _counted(curve, readings),
        bottom(ACROSS, PROBABILITIES, BOTTOM, TITLE),
    ]
    label = (
        f"Reliability diagram of {count(int(curve.n_cells.sum()))} cells in {bins} bins: how many "
        "of the cells with a probability are parasitized."
    )
    if has_table:
        label += " The table below it has the numbers."
    return picture(*drawn, width=SIDE, height=SIDE, label=label)


def probabilities(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    threshold: float = 0.5,
    called: ArrayLike | None = None,
    bins: int = 30,
) -> Svg:
    """Probabilities by class, parasitized upwards, uninfected downwards, counts logarithmic.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected.
        y_prob: Probabilities of "parasitized" [N].
        threshold: Drawn as a line; the label counts the cells on its wrong side.
        called: Instead, whether each cell is called parasitized [N], where not all are by it.
        bins: Columns for each class.

    Raises:
        DataError: If the arrays do not fit (see `laveran.metrics`).
    """
    calls = np.asarray(y_prob) >= threshold if called is None else called
    (tn, fp), (fn, tp) = confusion_matrix(y_true, calls).astype(int).tolist()
    labels, scores = np.asarray(y_true), np.asarray(y_prob, np.float64)
    parasitized, uninfected = (
        np.histogram(scores[labels == label], bins, range=(0, 1))[0] for label in (1, 0)
    )
    most = int(max(parasitized.max(), uninfected.max()))
    middle, highest = (TOP + BOTTOM) / 2, float(logarithmic(most)) * 1.12
    up, down = Axis(0, highest, middle, TOP), Axis(0, highest, middle, BOTTOM)
    at = ACROSS.at(min(threshold, 1.0))
    drawn = [
        left(up, count_ticks(most), LEFT, RIGHT, "cells"),
        left(down, count_ticks(most)[1:], LEFT, RIGHT, ""),
        *_columns(parasitized, up, "parasitized"),
        *_columns(uninfected, down, "uninfected"),
        line(LEFT, middle, RIGHT, middle, "axis"),
        line(at, TOP - 6, at, BOTTOM, "threshold"),
        text(RIGHT, TOP - 12, "parasitized", "key parasitized", "end"),
        text(RIGHT, BOTTOM - 6, "uninfected", "key uninfected", "end"),
        bottom(ACROSS, PROBABILITIES, BOTTOM, TITLE),
    ]
    label = (
        f"Predicted probabilities by class. {count(fn)} of {count(fn + tp)} parasitized cells are "
        f"called uninfected, {count(fp)} of {count(tn + fp)} uninfected ones parasitized."
    )
    return picture(*drawn, width=SIDE, height=SIDE, label=label)


def _observed(curve: ReliabilityCurve, readings: list[str]) -> Svg:
    """The upper part of the reliability diagram."""
    up = Axis(0, 1, CURVE_BOTTOM, TOP)
    radius = 3 + 5 * np.sqrt(curve.n_cells / curve.n_cells.max())
    x_px, y_px = ACROSS.at(curve.mean_prob), up.at(curve.observed)
    points = [
        mark("circle", reading, cx=x, cy=y, r=r, class_="point")
        for reading, x, y, r in zip(readings, x_px, y_px, radius, strict=True)
    ]
    return group(
        left(up, TENTHS, LEFT, RIGHT, "cells that are parasitized"),
        line(LEFT, CURVE_BOTTOM, RIGHT, TOP, "chance"),
        polyline(x_px, y_px, "guide"),
        *points,
    )


def _counted(curve: ReliabilityCurve, readings: list[str]) -> Svg:
    """The lower part of the reliability diagram: a column a bin."""
    most = int(curve.n_cells.max())
    up = Axis(0, float(logarithmic(most)), BOTTOM, COUNTS_TOP)
    columns = [
        _column(up, low, high, n, reading=reading, class_="column")
        for low, high, n, reading in zip(
            curve.low, curve.high, curve.n_cells, readings, strict=True
        )
    ]
    return group(left(up, count_ticks(most)[1::2], LEFT, RIGHT, "cells"), *columns)


def _columns(counts: NDArray[np.int64], up: Axis, class_: str) -> list[Svg]:
    """A column for each bin of 0..1 that holds cells."""
    edges = np.linspace(0, 1, counts.size + 1)
    return [
        _column(
            up,
            low,
            high,
            n,
            reading=f"probability {low:.2f} to {high:.2f}: {count(int(n))} {class_}",
            class_=f"column {class_}",
        )
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
        if n
    ]


def _column(up: Axis, low: float, high: float, n: int, *, reading: str, class_: str) -> Svg:
    """A column between two edges, a pixel apart from its neighbours."""
    start, end = ACROSS.at(low) + 0.5, ACROSS.at(high) - 0.5
    base, tip = up.at(0.0), up.at(float(logarithmic(n)))
    return mark(
        "rect",
        reading,
        x=start,
        y=min(base, tip),
        width=end - start,
        height=abs(tip - base),
        class_=class_,
    )
