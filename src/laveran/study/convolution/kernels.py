"""Kernels worth knowing, and those that a network learned."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from laveran.errors import ModelError
from laveran.networks.network import Network

KERNELS: dict[str, NDArray[np.float64]] = {
    "identity": np.array([[0.0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "blur": np.full((3, 3), 1 / 9),
    "sharpen": np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "edges": np.array([[-1.0, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "Sobel, left to right": np.array([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "Sobel, top to bottom": np.array([[-1.0, -2, -1], [0, 0, 0], [1, 2, 1]]),
    "emboss": np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]]),
}
CHROMATIN_PX = 1.0  # standard deviation of the middle of the blob, at 64 px a cell


class Filter(NamedTuple):
    """One filter over the three channels of a cell.

    Attributes:
        name: What it is called.
        weights: float64 [3, F, F], for values 0..255.
        bias: What is added.
        stride: S.
    """

    name: str
    weights: NDArray[np.float64]
    bias: float = 0.0
    stride: int = 1


def named_filters() -> list[Filter]:
    """Each kernel on the mean of red, green and blue, and a detector of chromatin.

    Example:
        >>> [each.weights.shape for each in named_filters()][-1]
        (3, 5, 5)
    """
    spread = [Filter(name, np.stack([kernel / 3] * 3)) for name, kernel in KERNELS.items()]
    return [*spread, chromatin_filter()]


def chromatin_filter() -> Filter:
    """Blue less green, more in the middle than around: purple spots, and neither pink nor black.

    A difference of Gaussians finds blobs (Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94,
    section 3); chromatin takes green out of the light and leaves blue.
    """
    offsets = np.arange(-2, 3)
    distance = offsets[:, None] ** 2 + offsets[None, :] ** 2
    middle, around = (np.exp(-distance / (2 * (scale * CHROMATIN_PX) ** 2)) for scale in (1.0, 2.0))
    blob = middle / middle.sum() - 0.5 * around / around.sum()
    return Filter("purple chromatin", np.stack([np.zeros_like(blob), -blob, blob]))


def learned_filters(network: Network) -> list[Filter]:
    """The filters of a network's first layer as they act on values 0..255.

    Normalisation of the input and batch norm are affine and are multiplied into weights and bias.
    (A network that subtracts a mean pads with that colour, where these filters meet zeros.)

    Raises:
        ModelError: If the network does not begin with a convolution of R, G and B.
    """
    layers = [m for m in network.features.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d))]
    if not layers or not isinstance(layers[0], nn.Conv2d) or layers[0].in_channels != 3:
        raise ModelError("the network does not begin with a convolution of red, green and blue")
    first, second = layers[0], layers[1] if len(layers) > 1 else None
    with torch.no_grad():
        weights = first.weight / network.std
        bias = -(weights * network.mean).sum((1, 2, 3))
        if first.bias is not None:
            bias = bias + first.bias
        if isinstance(second, nn.BatchNorm2d):
            shift = _normalised(torch.zeros_like(bias), second)
            gain = _normalised(torch.ones_like(bias), second) - shift
            weights, bias = weights * gain.view(-1, 1, 1, 1), gain * bias + shift
    return [
        Filter(f"learned {number}", each, float(added), first.stride[0])
        for number, (each, added) in enumerate(
            zip(weights.double().numpy(), bias.tolist(), strict=True), start=1
        )
    ]


def _normalised(values: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    """One value a channel [C] after batch norm, and without the activation that timm adds to it."""
    mean, variance = norm.running_mean, norm.running_var
    return batch_norm(values[None], mean, variance, norm.weight, norm.bias, eps=norm.eps)[0]
