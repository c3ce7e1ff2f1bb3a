"""What a shift of the cell does inside a network: its maps move along, its embedding drifts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from laveran.networks.network import Network
from laveran.study.learning.cell_changes import framed, shifted
from laveran.study.representations.representation import Pictures


@torch.no_grad()
def drift(network: Network, pictures: Pictures, shifts_px: Sequence[int]) -> list[float]:
    """How far the embedding moves when the cell moves to the right.

    Args:
        network: In evaluation mode.
        pictures: Cells uint8 [N, S, S, 3] with room around them.
        shifts_px: How far they are moved.

    Returns:
        For each shift the mean over cells of ``|e(shifted) - e(cell)| / |e(cell)|``.

    Example:
        >>> from laveran.networks.network import build
        >>> from laveran.networks.stack import plain
        >>> cells = np.full((2, 16, 16, 3), 90, np.uint8)
        >>> drift(build(plain((4, 8)), 16).eval(), cells, [0])
        [0.0]
    """
    start = network.embed(as_input(pictures))  # [N, D]
    length = start.norm(dim=1).clamp_min(1e-12)
    moved = [network.embed(as_input(shifted(pictures, shift))) for shift in shifts_px]
    return [float(((each - start).norm(dim=1) / length).mean()) for each in moved]


@torch.no_grad()
def equivariance_error(network: Network, pictures: Pictures, stride_px: int) -> float:
    """How far the maps of a moved cell are from the moved maps of the cell, as a share of them.

    The cell moves by the network's stride, which is one unit of its maps. A convolution is
    equivariant: the error is that of rounding. Padding breaks this near the edges, so the cells
    lie in the middle of squares of three times their side, and only the middle is compared.

    Args:
        network: With maps, in evaluation mode; what its units see reaches less far than the
            side of a cell.
        pictures: Cells uint8 [N, S, S, 3], S a multiple of the stride.
        stride_px: Pixels from one unit of the maps to the next.

    Returns:
        ``|maps(shifted) - shifted(maps)| / |maps|`` over all cells.
    """
    side = pictures.shape[1]
    alone = framed(pictures, 3 * side)
    first = maps_of(network, alone)  # [N, D, 3 * side / stride, ...]
    second = maps_of(network, shifted(alone, stride_px))
    inner = slice(side // stride_px, 2 * side // stride_px)
    expected = first[..., inner, inner]
    found = second[..., inner, inner.start + 1 : inner.stop + 1]
    return float((found - expected).norm() / expected.norm())


def maps_of(network: Network, pictures: Pictures) -> Tensor:
    """The last feature maps [N, D, h, w] of cells uint8 [N, S, S, 3]."""
    return network.maps(as_input(pictures))


def as_input(pictures: NDArray[np.uint8]) -> Tensor:
    """Cells uint8 [N, S, S, 3] as a network takes them, float [N, 3, S, S]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
