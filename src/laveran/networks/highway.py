"""The highway network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from laveran.networks.highway_layer import Highway
from laveran.networks.layers import Conv, Pool
from laveran.networks.stack import Layer, StackSpec


def highway(
    filters: Sequence[int] = (16, 32, 64), per_stage: int = 2, **settings: Any
) -> StackSpec:
    """A highway network (Srivastava, Greff and Schmidhuber 2015, arXiv:1505.00387).

    Args:
        filters: Filters stage by stage. The first stage is one 5 x 5 convolution of stride 2;
            each later one begins with a max pooling and a 3 x 3 convolution, since a highway
            layer cannot change the number of maps.
        per_stage: Layers in each later stage, that convolution among them.
        **settings: Further fields of `StackSpec`.

    Example:
        >>> [layer.kind for layer in highway((8, 16), per_stage=3).layers]
        ['conv', 'pool', 'conv', 'highway', 'highway']
    """
    layers: list[Layer] = [Conv(filters=filters[0], kernel=5, stride=2)]
    for width in filters[1:]:
        layers += [Pool(), Conv(filters=width), *(Highway() for _ in range(per_stage - 1))]
    return StackSpec(layers=tuple(layers), **settings)
