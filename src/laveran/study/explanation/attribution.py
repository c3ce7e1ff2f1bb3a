"""Where in a cell a network's answer comes from: Grad-CAM, occlusion, integrated gradients.

Pure functions of networks and cells. An ensemble is explained as a whole: its answer is the mean
of its members' logits. All maps are signed towards "parasitized", but for Grad-CAM, which keeps
the positive part alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from laveran.errors import ConfigError
from laveran.networks.network import Network
from laveran.networks.trace import Step, trace

Members = Sequence[Network]  # one network, or those of an ensemble, all of one spec

WINDOW = 3 / 16  # of occlusion, as a share of the cell's side: about a ring
STEPS = 64  # of integrated gradients
BATCH = 64


def mean_logit(members: Members, cells: Tensor) -> Tensor:
    """The logit [N] of cells float [N, 3, S, S] in 0..255, averaged over the members."""
    return torch.stack([member(cells) for member in members]).mean(0)


def plain_cells(cells: Tensor) -> Tensor:
    """The cells with nothing in them: each in its own median colour, black where it is black.

    What occlusion paints with, and where integrated gradients start. A black square on a red cell,
    or no cell at all, would be nothing that a network knows, and its answer to it a guess.

    Args:
        cells: float [N, 3, S, S] in 0..255.

    Returns:
        The same shape; a wholly black cell stays so.

    Example:
        >>> cell = torch.tensor([0.0, 200.0, 200.0, 90.0]).repeat(1, 3, 1, 1)
        >>> plain_cells(cell)[0, 0]
        tensor([[  0., 200., 200., 200.]])
    """
    inside = cells.amax(1, keepdim=True) > 0  # [N, 1, S, S]
    colour = cells.masked_fill(~inside, torch.nan).flatten(2).nanmedian(2).values  # [N, 3]
    return torch.where(inside, colour[..., None, None], torch.zeros_like(cells))


@torch.no_grad()
def evidence(members: Members, cells: Tensor) -> Tensor:
    """The evidence maps [N, h, w], averaged over the members: a class activation map each.

    Raises:
        ConfigError: If a network has no maps.
    """
    maps = [member.read(cells).evidence for member in members]
    found = [each for each in maps if each is not None]
    if len(found) < len(members):
        raise ConfigError("a network without maps has no evidence map")
    return torch.stack(found).mean(0)


def grad_cam(members: Members, cells: Tensor, layer: str) -> Tensor:
    """Grad-CAM of one layer (Selvaraju et al. 2017, arXiv:1610.02391, eq. 1 and 2).

    Args:
        members: The networks. Their maps count as those of one layer, side by side.
        cells: float [N, 3, S, S] in 0..255.
        layer: Name of an operation of `networks.trace`.

    Returns:
        [N, h, w], not negative, of the layer's size.

    Raises:
        ConfigError: If there is no such layer, or what it gives are no maps.
    """
    weighted = []
    for member in members:
        steps = trace(member.features, normalised(member, cells))
        maps = _step(steps, layer).output  # [N, C, h, w]
        logit = member.head(steps[-1].output.mean((2, 3)))
        (slope,) = torch.autograd.grad(logit.sum(), maps)
        importance = slope.mean((2, 3), keepdim=True)  # eq. 1: [N, C, 1, 1]
        weighted.append((importance * maps).sum(1))  # eq. 2 before the ReLU: [N, h, w]
    return torch.stack(weighted).mean(0).relu().detach()


def map_layers(member: Network, size_px: int) -> list[str]:
    """Names of the operations that give maps [N, C, h, w], from the picture on.

    Dropout is left out: it is idle in prediction.

    Example:
        >>> from laveran.networks.network import build
        >>> from laveran.networks.stack import plain
        >>> map_layers(build(plain((4,)), 16).eval(), 16)
        ['0.0', '0.1', '0.2']
    """
    return [step.name for step in _map_steps(member, size_px)]


def stages(member: Network, size_px: int) -> list[str]:
    """Names of the last operation at each size of the maps, from fine to coarse.

    Example:
        >>> from laveran.networks.network import build
        >>> from laveran.networks.stack import plain
        >>> stages(build(plain((4, 8), per_stage=1), 16).eval(), 16)
        ['0.2', '2.2']
    """
    last = {step.output.shape[2]: step.name for step in _map_steps(member, size_px)}
    return list(last.values())


def _map_steps(member: Network, size_px: int) -> list[Step]:
    """The operations that give maps, for a black cell."""
    with torch.no_grad():
        steps = trace(member.features, torch.zeros(1, 3, size_px, size_px))
    return [
        step
        for step in steps
        if step.output.ndim == 4 and not isinstance(step.module, nn.Dropout | nn.Dropout2d)
    ]


def normalised(member: Network, cells: Tensor) -> Tensor:
    """What the first layer of a network takes of cells float [N, 3, S, S] in 0..255."""
    return (cells - member.mean) / member.std


@torch.no_grad()
def occlusion(
    members: Members,
    cells: Tensor,
    paint: Tensor | None = None,
    *,
    window_px: int | None = None,
    stride_px: int | None = None,
) -> Tensor:
    """How far the logit falls when a place is painted over (Zeiler & Fergus 2014, section 4.2).

    Args:
        members: The networks.
        cells: float [N, 3, S, S] in 0..255.
        paint: What to paint with, of the same shape; `plain_cells` if None.
        window_px: Side of the square that is painted over; about a ring's if None.
        stride_px: Its step; a third of the square's side if None.

    Returns:
        [N, S, S]: the mean fall over all squares that hold a pixel.

    Raises:
        ConfigError: If the square is larger than the cell, or its step leaves gaps.
    """
    side = cells.shape[2]
    window_px = max(1, round(WINDOW * side)) if window_px is None else window_px
    stride_px = max(1, window_px // 3) if stride_px is None else stride_px
    if not 0 < stride_px <= window_px <= side:
        raise ConfigError(
            f"a square of {window_px} px that steps by {stride_px} px cannot cover {side} px"
        )
    paint = plain_cells(cells) if paint is None else paint
    squares = torch.stack(list(_squares(side, window_px, stride_px)))  # [W, S, S]
    whole = mean_logit(members, cells)
    maps = []
    for cell, cover, logit in zip(cells, paint, whole, strict=True):
        falls = [
            logit - mean_logit(members, torch.where(some[:, None], cover, cell))
            for some in torch.split(squares, BATCH)
        ]
        total = torch.einsum("w,wij->ij", torch.cat(falls), squares.to(cells.dtype))
        maps.append(total / squares.sum(0))
    return torch.stack(maps)


def integrated_gradients(
    members: Members, cells: Tensor, baseline: Tensor | None = None, steps: int = STEPS
) -> Tensor:
    """Integrated gradients, eq. 1 of Sundararajan et al. 2017 (arXiv:1703.01365).

    The sum of a map is the logit of the cell less that of the baseline (their proposition 1,
    completeness), but for what the sum of `steps` terms lacks to the integral.

    Args:
        members: The networks.
        cells: float [N, 3, S, S] in 0..255.
        baseline: Where the way to the cell starts, of the same shape; `plain_cells` if None.
        steps: Points on the way, by Gauss and Legendre's rule.

    Returns:
        [N, S, S], summed over the three colours.
    """
    start = plain_cells(cells) if baseline is None else baseline
    points, weights = _gauss_legendre(steps)
    maps = []
    for first, last in zip(start, cells, strict=True):
        way = last - first  # [3, S, S]
        slopes = torch.zeros_like(way)
        for some, weight in zip(
            torch.split(points, BATCH), torch.split(weights, BATCH), strict=True
        ):
            between = (first + some[:, None, None, None] * way).requires_grad_()
            logit = mean_logit(members, between)
            (slope,) = torch.autograd.grad(logit.sum(), between)
            slopes += torch.einsum("s,schw->chw", weight, slope)
        maps.append((way * slopes).sum(0))
    return torch.stack(maps)


def enlarged(maps: Tensor, side_px: int) -> Tensor:
    """Maps [N, h, w] in the size of the cell [N, side_px, side_px], smoothly between the units."""
    large = functional.interpolate(
        maps[:, None], size=(side_px, side_px), mode="bicubic", align_corners=False
    )
    return large[:, 0]


def _step(steps: Sequence[Step], layer: str) -> Step:
    """The step called `layer`."""
    found = {step.name: step for step in steps if step.output.ndim == 4}
    if layer not in found:
        raise ConfigError(
            f"the network has no layer {layer!r} with maps; it has {', '.join(found)}"
        )
    return found[layer]


def _squares(side: int, window_px: int, stride_px: int) -> Iterator[Tensor]:
    """Masks bool [S, S] of the squares; the last of a row ends at the edge."""
    starts = [*range(0, side - window_px, stride_px), side - window_px]
    for top in starts:
        for left in starts:
            mask = torch.zeros(side, side, dtype=torch.bool)
            mask[top : top + window_px, left : left + window_px] = True
            yield mask


def _gauss_legendre(steps: int) -> tuple[Tensor, Tensor]:
    """Points in 0..1 and their weights [steps]."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    return torch.tensor((points + 1) / 2).float(), torch.tensor(weights / 2).float()
