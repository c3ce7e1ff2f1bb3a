"""The changes that the study of shifts measures under, and how far it goes with each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from laveran.study.learning.cell_changes import hue_turned, restained, scaled, shifted, turned
from laveran.study.representations.representation import Pictures

DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))


@dataclass(frozen=True)
class Change:
    """One kind of change.

    Attributes:
        name: In the table.
        unit: What the amounts count.
        amounts: How much, in rising order.
        nothing: The amount that changes nothing.
        apply: Gives the changed cells: of a shift those of four directions one behind the other.
    """

    name: str
    unit: str
    amounts: Sequence[float]
    nothing: float
    apply: Callable[[Pictures, float], Pictures]

    def key(self, amount: float) -> str:
        """The change by this amount, in a word."""
        return f"{self.name} {amount:g}"


def _four_ways(pictures: Pictures, amount: float) -> Pictures:
    """The cells moved to the right, left, down and up."""
    return np.concatenate([shifted(pictures, amount * x, amount * y) for x, y in DIRECTIONS])


CHANGES = (
    Change("shift", "px", range(0, 17, 2), 0, _four_ways),
    Change("turn", "degrees", range(0, 181, 15), 0, turned),
    Change("scale", "times", (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5), 1, scaled),
    Change("hue", "degrees", range(-40, 41, 10), 0, hue_turned),
    Change("stain", "times", (0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.0), 1, restained),
)
