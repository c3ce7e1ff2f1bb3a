"""The densely connected network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from laveran.networks.dense_block import Dense
from laveran.networks.layers import Conv, Pool
from laveran.networks.stack import Layer, StackSpec


def dense(
    blocks: Sequence[int] = (3, 3),
    growth: int = 12,
    filters: int = 24,
    compression: float = 0.5,
    **settings: Any,
) -> StackSpec:
    """A densely connected network (Huang et al. 2018, arXiv:1608.06993, section 3).

    Args:
        blocks: Convolutions in each dense block.
        growth: Maps that each of them adds.
        filters: Of the one 5 x 5 convolution of stride 2 before the first block; a max pooling
            follows it.
        compression: Share of the maps that a transition between two blocks keeps: a 1 x 1
            convolution, then average pooling.
        **settings: Further fields of `StackSpec`.

    Example:
        >>> dense((2, 2), growth=4, filters=8).width
        16
    """
    layers: list[Layer] = [Conv(filters=filters, kernel=5, stride=2), Pool()]
    width = filters
    for number, depth in enumerate(blocks):
        if number:
            width = int(compression * width)
            layers += [Conv(filters=width, kernel=1), Pool(mode="average")]
        layers.append(Dense(growth=growth, layers=depth))
        width += depth * growth
    return StackSpec(layers=tuple(layers), **settings)
