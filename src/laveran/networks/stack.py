"""Our own small networks: a stack of layers, of as many kinds as there are in `Layer`.

`plain` and `residual` draw up two usual shapes, `vgg`, `highway` and `dense` beside them three
more; a recipe may also list every layer itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from torch import nn

from laveran.networks.dense_block import Dense, DenseBlock
from laveran.networks.highway_layer import Highway, HighwayLayer
from laveran.networks.layers import (
    Block,
    Conv,
    Pool,
    ResidualBlock,
    Style,
    conv_layer,
    pool_layer,
)

Layer = Annotated[Conv | Pool | Block | Highway | Dense, Field(discriminator="kind")]

COARSEST_MAP_PX = 8  # a coarser evidence map would no longer show a ring


class StackSpec(Style):
    """What `network.json` and a recipe's `[network]` say of a network of ours.

    Attributes:
        layers: From the picture to the last feature maps. The global average and
            the linear head that follow them are not listed.
        head_dropout: Share of the embedding set to 0 in training, before the head.

    Raises:
        pydantic.ValidationError: If there is no convolution, or the layers
            together stride by more than 8 px.

    Example:
        >>> spec = StackSpec(layers=(Conv(filters=16, kernel=5, stride=2), Pool()))
        >>> spec.stride_px, spec.width
        (4, 16)
    """

    family: Literal["stack"] = "stack"
    layers: tuple[Layer, ...]
    head_dropout: float = Field(0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _can_show_evidence(self) -> Self:
        if all(isinstance(layer, Pool) for layer in self.layers):
            raise ValueError("a network needs at least one convolution")
        if self.stride_px > COARSEST_MAP_PX:
            raise ValueError(
                f"the layers together stride by {self.stride_px} px; "
                f"the evidence map needs {COARSEST_MAP_PX} px or less"
            )
        return self

    @property
    def stride_px(self) -> int:
        """Pixels of the input from one unit of the last feature maps to the next."""
        return prod(layer.stride for layer in self.layers)

    @property
    def width(self) -> int:
        """Number of the last feature maps."""
        return self._widths[-1]

    @property
    def _widths(self) -> list[int]:
        """Number of maps before the first layer and after each."""
        return list(accumulate(self.layers, _maps_after, initial=3))

    def build(self) -> nn.Sequential:
        """The layers as one module: [N, 3, S, S] -> [N, width, h, w]."""
        before = zip(self.layers, self._widths, strict=False)  # the last width is that after all
        return nn.Sequential(*(_module(layer, inputs, self) for layer, inputs in before))


def _maps_after(inputs: int, layer: Layer) -> int:
    """Number of maps that `layer` makes of `inputs` maps."""
    match layer:
        case Conv() | Block():
            return layer.filters
        case Dense():
            return inputs + layer.layers * layer.growth
        case Pool() | Highway():
            return inputs


def _module(layer: Layer, inputs: int, style: Style) -> nn.Module:
    """`layer` as a module: [N, inputs, H, W] -> [N, _maps_after(inputs, layer), H', W']."""
    match layer:
        case Conv():
            return conv_layer(layer, inputs, style)
        case Pool():
            return pool_layer(layer)
        case Block():
            return ResidualBlock(layer, inputs, style)
        case Highway():
            return HighwayLayer(layer, inputs, style)
        case Dense():
            return DenseBlock(layer, inputs, style)


def plain(filters: Sequence[int] = (16, 32, 64), per_stage: int = 2, **settings: Any) -> StackSpec:
    """A plain network: stages of convolutions with a max pooling between them.

    Args:
        filters: Filters of the convolutions, stage by stage. The first stage is one
            5 x 5 convolution of stride 2.
        per_stage: Convolutions in each later stage.
        **settings: Further fields of `StackSpec`, such as `activation`.

    Example:
        >>> plain((16, 32), per_stage=1).width
        32
    """
    return StackSpec(layers=_stages(filters, per_stage, Conv), **settings)


def residual(
    filters: Sequence[int] = (32, 64, 128), per_stage: int = 1, **settings: Any
) -> StackSpec:
    """A residual network: each stage pools or strides once, then adds blocks with shortcuts.

    Args:
        filters: Filters stage by stage. The first stage is one 5 x 5 convolution of stride 2.
        per_stage: Blocks in each later stage.
        **settings: Further fields of `StackSpec`.

    Example:
        >>> residual((16, 32), per_stage=1).stride_px
        4
    """
    return StackSpec(layers=_stages(filters, per_stage, Block), **settings)


def _stages(
    filters: Sequence[int], per_stage: int, kind: type[Conv] | type[Block]
) -> tuple[Layer, ...]:
    """A 5 x 5 convolution of stride 2, then stages: a max pooling, then layers of a kind."""
    layers: list[Layer] = [Conv(filters=filters[0], kernel=5, stride=2)]
    for width in filters[1:]:
        layers += [Pool(), *(kind(filters=width) for _ in range(per_stage))]
    return tuple(layers)
