"""The dense block: each convolution sees the maps of all before it."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from laveran.networks.layers import Conv, Edge, OddKernel, Settings, Style, conv_layer


class Dense(Settings):
    """Convolutions of which each takes the maps of all before it, side by side, and adds a few.

    `x_l = H_l([x_0, x_1, ..., x_(l-1)])` (Huang et al. 2018, arXiv:1608.06993, eq. 2). H is a
    convolution, then batch norm, then the activation, as in all our layers; in the paper the
    convolution comes last, and a batch norm of its own follows the last block.

    Attributes:
        growth: Maps that each convolution adds (k in the paper).
        layers: How many convolutions.
        kernel: Side of the square kernels.
        edge: What stands beyond the edge.
    """

    kind: Literal["dense"] = "dense"
    growth: int = Field(ge=1)
    layers: int = Field(ge=1)
    kernel: OddKernel = 3
    edge: Edge = "zeros"

    @property
    def stride(self) -> int:
        """Always 1: maps of one size are joined."""
        return 1


class DenseBlock(nn.Module):
    """The module of a `Dense`: [N, C, H, W] -> [N, C + layers * growth, H, W].

    Example:
        >>> block = DenseBlock(Dense(growth=2, layers=3), 4, Style())
        >>> block(torch.zeros(1, 4, 8, 8)).shape
        torch.Size([1, 10, 8, 8])
    """

    def __init__(self, layer: Dense, inputs: int, style: Style) -> None:
        super().__init__()
        conv = Conv(filters=layer.growth, kernel=layer.kernel, edge=layer.edge)
        self.steps = nn.ModuleList(
            conv_layer(conv, inputs + number * layer.growth, style)
            for number in range(layer.layers)
        )

    def forward(self, maps: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C + layers * growth, H, W]."""
        for step in self.steps:
            maps = torch.cat((maps, step(maps)), dim=1)
        return maps
