"""Kernels worth knowing, and those that a network learned."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

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

    Scaling of the input and batch norm are linear and are multiplied into the weights.

    Raises:
        ModelError: If the network does not begin with a convolution of R, G and B.
    """
    first, second, *_ = (each for each in network.features.modules() if not list(each.children()))
    if not isinstance(first, nn.Conv2d) or first.in_channels != 3 or network.mean.any():
        raise ModelError("the network does not begin with a convolution of red, green and blue")
    norm = second if isinstance(second, nn.BatchNorm2d) else nn.Identity()
    with torch.no_grad():
        none = torch.zeros(1, first.out_channels, 1, 1)
        shift = norm(none)
        gain = (norm(none + 1) - shift).view(-1, 1, 1, 1)
        weights = first.weight * gain / network.std
        bias = shift.flatten()
        if first.bias is not None:
            bias = bias + gain.flatten() * first.bias
    return [
        Filter(f"learned {number}", each, float(added), first.stride[0])
        for number, (each, added) in enumerate(
            zip(weights.double().numpy(), bias.tolist(), strict=True), start=1
        )
    ]
