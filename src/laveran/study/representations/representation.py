"""One interface for every representation of the lecture: cells in, vectors out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pictures = NDArray[np.uint8]  # [N, S, S, 3] RGB
Vectors = NDArray[np.float32]  # [N, D]
Step = Callable[[int, int], None]  # told what is done, and of how much


class Representation(Protocol):
    """A way to say in D numbers what a cell looks like.

    Unsupervised methods ignore the labels, methods without anything to learn the cells too.
    """

    def fit(self, pictures: Pictures, y_true: NDArray[np.int64], /) -> None:
        """Learn from training cells uint8 [N, S, S, 3] and their labels [N]."""

    def vectors(self, pictures: Pictures, /) -> Vectors:
        """The vectors float32 [N, D] of cells uint8 [N, S, S, 3]; D is the same for all calls."""


@dataclass(frozen=True)
class Sight:
    """A picture of what a method sees, for people.

    Attributes:
        caption: What is shown, a sentence or two.
        picture: uint8 [H, W, 3] RGB.
    """

    caption: str
    picture: NDArray[np.uint8]


class Seeing(Representation, Protocol):
    """A representation that can show what it looks at."""

    def sights(self, pictures: Pictures, /) -> tuple[Sight, ...]:
        """Pictures of what the fitted method sees, in these few cells where it needs some."""


def ignore(_done: int, _total: int) -> None:
    """The `Step` of whoever does not want to be told."""
