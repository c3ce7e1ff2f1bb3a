"""The VGG network, in small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from laveran.networks.layers import Conv, Pool
from laveran.networks.stack import Layer, StackSpec


def vgg(
    filters: Sequence[int] = (16, 32, 64, 64), per_stage: int = 2, **settings: Any
) -> StackSpec:
    """A VGG network (Simonyan and Zisserman 2015, arXiv:1409.1556, section 2.1).

    Nothing but 3 x 3 convolutions of stride 1, two of which see as far as one of 5 x 5 for fewer
    weights, and 2 x 2 max pooling between stages. In place of the paper's three fully connected
    layers stand the global average and the linear head of all our networks.

    Args:
        filters: Filters of the convolutions, stage by stage; at most four stages, so that
            the layers stride by no more than 8 px.
        per_stage: Convolutions in each stage.
        **settings: Further fields of `StackSpec`.

    Example:
        >>> [layer.kind for layer in vgg((8, 16), per_stage=2).layers]
        ['conv', 'conv', 'pool', 'conv', 'conv']
    """
    layers: list[Layer] = []
    for width in filters:
        if layers:
            layers.append(Pool())
        layers += [Conv(filters=width) for _ in range(per_stage)]
    return StackSpec(layers=tuple(layers), **settings)
