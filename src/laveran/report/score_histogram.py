"""A score of any range by class: parasitized cells upwards, uninfected ones downwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.report.axes import Axis, Ticks, bottom, labelled, left, round_ticks, widened
from laveran.report.formats import count
from laveran.report.svg import Svg, line, mark, picture, text

WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 50.0, 364.0, 32.0, 256.0
ENDS = (0.5, 99.5)  # percentiles within which scores are told apart; the rest is in the end columns


def score_histogram(y_true: ArrayLike, scores: ArrayLike, title: str, bins: int = 30) -> Svg:
    """How scores are spread over either class.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected.
        scores: Scores [N], finite. Those beyond 99% of all stand in the first and last column.
        title: What they are.
        bins: Columns for each class.
    """
    labels, values = np.asarray(y_true), np.asarray(scores, np.float64)
    low, high = widened(*np.percentile(values, ENDS).tolist())
    x = Axis(low, high, LEFT, RIGHT)
    counts = [
        np.histogram(np.clip(values[labels == label], low, high), bins, (low, high))[0]
        for label in (1, 0)
    ]
    most = max(1, int(max(each.max() for each in counts)))
    middle = (TOP + BOTTOM) / 2
    drawn = [line(LEFT, middle, RIGHT, middle, "axis")]
    for columns, name, end in zip(
        counts, ("parasitized", "uninfected"), (TOP, BOTTOM), strict=True
    ):
        up = Axis(0, 1.12 * most, middle, end)
        drawn += [
            left(up, _counts(most), LEFT, RIGHT, "cells" if end == TOP else ""),
            *_columns(columns, x, up, name),
        ]
    drawn += [
        text(RIGHT, TOP - 12, "parasitized", "key parasitized", "end"),
        text(RIGHT, BOTTOM - 6, "uninfected", "key uninfected", "end"),
        bottom(x, labelled(round_ticks(low, high)), BOTTOM, title),
    ]
    medians = [
        f"{name} {np.median(values[labels == label]):.4g}"
        for label, name in ((1, "parasitized"), (0, "uninfected"))
        if (labels == label).any()
    ]
    label = f"{title} of {count(len(values))} cells by class; medians: {', '.join(medians)}"
    return picture(*drawn, width=WIDTH, height=HEIGHT, label=label)


def _counts(most: int) -> Ticks:
    """Whole numbers up to `most`."""
    return [(tick, f"{tick:,.0f}") for tick in round_ticks(0, most, 3) if tick == int(tick)]


def _columns(counts: NDArray[np.int64], x: Axis, up: Axis, name: str) -> list[Svg]:
    """A column for each bin that holds cells."""
    edges = np.linspace(x.low, x.high, counts.size + 1)
    ground = up.at(0.0)
    return [
        mark(
            "rect",
            f"{low:.4g} to {high:.4g}: {count(int(n))} {name}",
            x=x.at(low) + 0.5,
            y=min(ground, up.at(float(n))),
            width=x.at(high) - x.at(low) - 1,
            height=abs(up.at(float(n)) - ground),
            class_=f"column {name}",
        )
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
        if n
    ]
