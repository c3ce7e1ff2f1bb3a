"""Our own small networks: a stack of convolutions, pooling and residual blocks.

`plain` and `residual` draw up the two usual shapes; a recipe may also list every layer itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from torch import nn

from laveran.networks.layers import (
    Block,
    Conv,
    Layer,
    Pool,
    ResidualBlock,
    Style,
    conv_layer,
    pool_layer,
)

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
        if not any(isinstance(layer, Conv | Block) for layer in self.layers):
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
        return [layer.filters for layer in self.layers if isinstance(layer, Conv | Block)][-1]

    def build(self) -> nn.Sequential:
        """The layers as one module: [N, 3, S, S] -> [N, width, h, w]."""
        modules: list[nn.Module] = []
        inputs = 3
        for layer in self.layers:
            if isinstance(layer, Pool):
                modules.append(pool_layer(layer))
                continue
            modules.append(
                conv_layer(layer, inputs, self)
                if isinstance(layer, Conv)
                else ResidualBlock(layer, inputs, self)
            )
            inputs = layer.filters
        return nn.Sequential(*modules)


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
