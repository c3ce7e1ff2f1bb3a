"""Axes of charts: from values to pixels, and the ticks that say which is which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.report.svg import Svg, group, line, text

Ticks = Sequence[tuple[float, str]]  # where on the axis, and what stands there
TENTHS: Ticks = [(value / 10, f"{value * 10}%") for value in range(0, 11, 2)]
PROBABILITIES: Ticks = [(value / 10, f"{value / 10:.1f}") for value in range(0, 11, 2)]


Pixels = TypeVar("Pixels", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Axis:
    """Values `low..high` drawn from `first_px` to `last_px`.

    >>> Axis(0.0, 1.0, first_px=300, last_px=100).at(0.25)
    250.0
    """

    low: float
    high: float
    first_px: float
    last_px: float

    def at(self, values: Pixels) -> Pixels:
        """Where one value or an array of them is drawn, in pixels."""
        per_unit = (self.last_px - self.first_px) / (self.high - self.low)
        return self.first_px + (values - self.low) * per_unit


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """About that many multiples of 1, 2 or 5 times a power of ten within `low..high`.

    >>> round_ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> round_ticks(0.913, 0.968, about=4)
    [0.92, 0.94, 0.96]
    """
    step = _step(low, high, about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(multiple * step, digits) + 0.0 for multiple in range(first, last + 1)]


def widened(low: float, high: float, about: int = 5) -> tuple[float, float]:
    """The range grown to round ends; a range of one value becomes one around it.

    >>> widened(0.913, 0.968), widened(0.5, 0.5)
    ((0.9, 0.98), (0.4, 0.6))
    """
    if high - low < 1e-12:
        margin = 0.2 * abs(low) or 1.0
        low, high = low - margin, high + margin
    step = _step(low, high, about)
    grown = (math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step)
    return round(grown[0], 12), round(grown[1], 12)


def labelled(values: Sequence[float], *, shares: bool = False) -> Ticks:
    """Evenly spaced ticks with as many decimals as they need.

    >>> labelled([0.9, 0.95, 1.0], shares=True)
    [(0.9, '90%'), (0.95, '95%'), (1.0, '100%')]
    >>> [label for _, label in labelled([0.0, 0.05, 0.1])]
    ['0.00', '0.05', '0.10']
    """
    times, unit = (100, "%") if shares else (1, "")
    step = times * (values[1] - values[0]) if len(values) > 1 else 0.0
    digits = next((d for d in range(4) if step and abs(step - round(step, d)) < 1e-6 * step), None)
    form = ".3g" if digits is None else f".{digits}f"
    return [(value, f"{times * value:{form}}{unit}") for value in values]


def count_ticks(most: int) -> Ticks:
    """Ticks for counts up to `most`, drawn by `logarithmic`.

    >>> [label for _, label in count_ticks(4000)]
    ['0', '10', '100', '1,000']
    """
    counts = [0] + [10**power for power in range(1, 10) if 10**power <= most]
    if len(counts) == 1:
        counts.append(most)
    return [(float(logarithmic(count)), f"{count:,}") for count in counts]


def logarithmic(counts: ArrayLike) -> NDArray[np.float64]:
    """`log10(1 + counts)`: ones are seen beside thousands, and 0 stays 0."""
    return np.log10(1 + np.asarray(counts, np.float64))


def bottom(axis: Axis, ticks: Ticks, y_px: float, title: str) -> Svg:
    """An axis along the bottom, its title at the right below the numbers."""
    right = max(axis.first_px, axis.last_px)
    drawn = [line(axis.first_px, y_px, axis.last_px, y_px, "axis")]
    for value, label in ticks:
        at = axis.at(value)
        drawn += [
            line(at, y_px, at, y_px + 4, "axis"),
            text(at, y_px + 17, label, "tick", "middle"),
        ]
    return group(*drawn, text(right, y_px + 34, title, "axis-title", "end"))


def left(axis: Axis, ticks: Ticks, x_px: float, right_px: float, title: str) -> Svg:
    """An axis on the left with lines across the chart, its title above the numbers."""
    drawn = []
    for value, label in ticks:
        at = axis.at(value)
        drawn += [
            line(x_px, at, right_px, at, "grid"),
            text(x_px - 7, at + 4, label, "tick", "end"),
        ]
    top = min(axis.first_px, axis.last_px)
    return group(*drawn, text(4, top - 12, title, "axis-title"))


def _step(low: float, high: float, about: int) -> float:
    """1, 2 or 5 times a power of ten that fits `about` times into `low..high`, or less often."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= rough * (1 - 1e-9))
