"""Receptive fields by arithmetic: which pixels of the input a unit can see.

Araujo, Norris and Sim 2019, "Computing receptive fields of convolutional neural networks"
(Distill, doi:10.23915/distill.00021), along one axis. A padding of zeros counts as input here, so
that units near the edge see beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from math import inf
from typing import NamedTuple, Self

from laveran.errors import ConfigError


class Field(NamedTuple):
    """What the units of a map see along one axis.

    Unit i sees the pixels `first + i * jump` to `last + i * jump`, both among them.

    Attributes:
        first: First pixel of the first unit; below 0 in the padding.
        last: Last pixel of the first unit.
        jump: Pixels from one unit to the next.
    """

    first: float = 0
    last: float = 0
    jump: float = 1

    @property
    def size(self) -> float:
        """Pixels that one unit sees; infinite where it sees all there are."""
        return self.last - self.first + 1

    @property
    def centre(self) -> float:
        """Pixel, or half way between two, in the middle of what the first unit sees.

        That of a unit that sees everything is not a number.
        """
        return (self.first + self.last) / 2

    @property
    def everything(self) -> bool:
        """Whether each unit sees the whole picture, however large."""
        return self.size == inf

    def window(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Field:
        """What units see through one more convolution or pooling (their equations 1, 3 and 4).

        A unit joins `kernel` units, `dilation` apart, of which the first is `padding` before the
        first there is; the next unit does so `stride` units further on.

        Args:
            kernel: Units side by side, F.
            stride: S.
            padding: Units added before the first one.
            dilation: Distance between the units that are joined.

        Example:
            >>> Field().window(3).window(3).size  # the lecture's 1 + L (F - 1)
            5
            >>> Field().window(3, stride=2).window(3, stride=2)  # its 2^(L + 1) - 1
            Field(first=0, last=6, jump=4)
            >>> Field().window(5, padding=2).centre
            0.0
        """
        first = self.first - padding * self.jump
        last = self.last + (dilation * (kernel - 1) - padding) * self.jump
        return Field(first, last, self.jump * stride)

    def joined(self, other: Self) -> Field:
        """What a unit sees that is made of one unit of each of two maps, as in a residual sum.

        Raises:
            ConfigError: If the maps do not stand on one grid (their section "Arbitrary
                computation graphs"): the union would differ from unit to unit.

        Example:
            >>> Field(-1, 1, 2).joined(Field(0, 3, 2))
            Field(first=-1, last=3, jump=2)
        """
        if not (self.everything or other.everything or self.jump == other.jump):
            raise ConfigError(
                f"maps of {self.jump:g} and {other.jump:g} px a step are joined; "
                f"their receptive fields differ from unit to unit"
            )
        return Field(
            min(self.first, other.first),
            max(self.last, other.last),
            max(self.jump, other.jump),
        )


EVERYTHING = Field(-inf, inf, 0)  # behind a global average or a fully connected layer

Fields = tuple[Field, ...]  # one an axis: rows and columns; planes, rows and columns


def union(fields: Iterable[Fields]) -> Fields:
    """What a unit sees that is made of one unit of each of several maps, axis by axis.

    Example:
        >>> union([(Field(0, 2), Field(0, 2)), (Field(-1, 0), EVERYTHING)])
        (Field(first=-1, last=2, jump=1), Field(first=-inf, last=inf, jump=1))
    """
    return reduce(
        lambda some, others: tuple(a.joined(b) for a, b in zip(some, others, strict=True)), fields
    )
