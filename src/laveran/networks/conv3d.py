"""A network for focus stacks: one cell photographed at several heights of the objective."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from laveran.networks.layers import ACTIVATIONS, Style


class Conv3dSpec(Style):
    """What `network.json` and a recipe say of a network of 3-D convolutions.

    Their kernels reach over neighbouring planes as well as over neighbouring pixels (Ji et al.
    2013, doi:10.1109/TPAMI.2012.59, eq. 2, for frames of a film). No plane is
    pooled away, so the evidence [N, P, h, w] says in which plane something was seen, and a network
    takes stacks of any number of planes.

    Attributes:
        filters: Filters of the convolutions, one a stage. The first is of 3 x 5 x 5 (planes,
            rows, columns) and strides by 2 px; before each later one, of 3 x 3 x 3, stands a max
            pooling over 2 x 2 pixels.
        depth: Planes that each kernel reaches over; 1 sees each plane alone.
        head_dropout: Share of the embedding set to 0 in training, before the head.

    Example:
        >>> import torch
        >>> Conv3dSpec(filters=(8, 16)).build()(torch.zeros(2, 3, 7, 32, 32)).shape
        torch.Size([2, 16, 7, 8, 8])
    """

    family: Literal["conv3d"] = "conv3d"
    filters: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (16, 32, 64), min_length=1, max_length=3
    )
    depth: Literal[1, 3, 5] = 3
    head_dropout: float = Field(0.0, ge=0, lt=1)

    def build(self) -> nn.Sequential:
        """The layers as one module: [N, 3, P, S, S] -> [N, last of `filters`, P, h, w]."""
        modules = [self._layer(3, self.filters[0], kernel=5, stride=2)]
        for inputs, filters in pairwise(self.filters):
            modules += [nn.MaxPool3d((1, 2, 2)), self._layer(inputs, filters, kernel=3, stride=1)]
        return nn.Sequential(*modules)

    def _layer(self, inputs: int, filters: int, kernel: int, stride: int) -> nn.Module:
        """A convolution, batch norm, the activation and dropout."""
        conv = nn.Conv3d(
            inputs,
            filters,
            (self.depth, kernel, kernel),
            stride=(1, stride, stride),
            padding=(self.depth // 2, kernel // 2, kernel // 2),
            bias=not self.batch_norm,
        )
        parts: list[nn.Module] = [conv]
        if self.batch_norm:
            parts.append(nn.BatchNorm3d(filters))
        parts.append(ACTIVATIONS[self.activation]())
        if self.dropout:
            parts.append(nn.Dropout3d(self.dropout))
        return nn.Sequential(*parts)
