"""The highway layer: a convolution with a gate that decides how much of it passes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from laveran.networks.layers import Conv, Edge, OddKernel, Settings, Style, conv_layer, convolution


class Highway(Settings):
    """A convolution H and the maps themselves, mixed by a gate T.

    `y = H(x) * T(x) + x * (1 - T(x))` (Srivastava, Greff and Schmidhuber 2015,
    arXiv:1505.00387, eq. 3). The maps stay as many and as large as they are: they are part of
    the sum.

    Attributes:
        kernel: Side of the square kernels of H and of T.
        bias: What the gate starts from before its sigmoid: negative, so that a deep network
            carries its input through at first (section 2.2).
        edge: What stands beyond the edge.
    """

    kind: Literal["highway"] = "highway"
    kernel: OddKernel = 3
    bias: float = Field(-2.0, lt=0)
    edge: Edge = "zeros"

    @property
    def stride(self) -> int:
        """Always 1: the maps keep their size."""
        return 1


class HighwayLayer(nn.Module):
    """The module of a `Highway`: [N, C, H, W] -> [N, C, H, W].

    Example:
        >>> import torch
        >>> layer = HighwayLayer(Highway(bias=-30), 4, Style()).eval()
        >>> maps = torch.randn(1, 4, 5, 5)
        >>> torch.allclose(layer(maps), maps)  # a closed gate carries
        True
    """

    def __init__(self, layer: Highway, width: int, style: Style) -> None:
        super().__init__()
        same = Conv(filters=width, kernel=layer.kernel, edge=layer.edge)
        self.transform = conv_layer(same, width, style)
        self.gate = nn.Sequential(convolution(same, width, 1, "same"), nn.Sigmoid())
        nn.init.constant_(self.gate.get_parameter("0.bias"), layer.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C, H, W]."""
        opened: Tensor = self.gate(maps)
        result: Tensor = self.transform(maps) * opened + maps * (1 - opened)
        return result
