"""The multilayer perceptron: every pixel feeds every neuron."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from laveran.networks.layers import ACTIVATIONS, Style


class MlpSpec(Style):
    """What `network.json` and a recipe's `[network]` say of a multilayer perceptron.

    It has no maps, so its answers come without evidence.

    Attributes:
        hidden: Neurons of the hidden layers, of which the last are the embedding.
        head_dropout: Share of the embedding set to 0 in training, before the head.

    Example:
        >>> import torch
        >>> MlpSpec(hidden=(64, 32)).build(size_px=8)(torch.zeros(2, 3, 8, 8)).shape
        torch.Size([2, 32])
    """

    family: Literal["mlp"] = "mlp"
    hidden: tuple[Annotated[int, Field(ge=1)], ...] = Field((64, 32), min_length=1)
    head_dropout: float = Field(0.0, ge=0, lt=1)

    def build(self, size_px: int) -> nn.Sequential:
        """The hidden layers as one module: [N, 3, S, S] -> [N, last of `hidden`]."""
        modules: list[nn.Module] = [nn.Flatten()]
        for inputs, outputs in pairwise((3 * size_px**2, *self.hidden)):
            modules.append(nn.Linear(inputs, outputs, bias=not self.batch_norm))
            if self.batch_norm:
                modules.append(nn.BatchNorm1d(outputs))
            modules.append(ACTIVATIONS[self.activation]())
            if self.dropout:
                modules.append(nn.Dropout(self.dropout))
        return nn.Sequential(*modules)
