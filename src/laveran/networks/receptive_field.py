"""Receptive fields by measurement: what the middle of a map really depends on.

The theoretical field says what a unit can see; most of its answer comes from the middle of that,
since more ways through the network lead there (Luo et al. 2016, arXiv:1701.04128). As there, a
gradient of 1 is given to the unit in the middle of a map, and what reaches the input is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from laveran.networks.describe import fields
from laveran.networks.field import Field
from laveran.networks.trace import Step, trace

SHARE = 0.9545  # what lies within two standard deviations of a Gaussian along a line


@dataclass(frozen=True)
class Seen:
    """What the unit in the middle of a map sees.

    Attributes:
        name: Path of the block or layer that first sees as much.
        rows: Its theoretical field along the rows, pixels of the input, as a `Field` whose first
            unit is this one.
        columns: The same along the columns.
        mass: Mean absolute gradient of the unit, summed over maps, with respect to each pixel,
            summed over channels and planes; float64 [H, W] that sums to 1, or to 0 where no
            gradient reached the input.
        size_px: Side along the rows of the smallest rectangle in the middle of the theoretical
            field that holds `SHARE` of the mass.
    """

    name: str
    rows: Field
    columns: Field
    mass: NDArray[np.float64]
    size_px: int


def measure_fields(network: nn.Module, cells: Tensor) -> list[Seen]:
    """Measure the receptive field at each stage of a network.

    A stage ends where all that follows depends on one map, and the next such map sees more: in a
    residual network at the end of each block, not within. Vectors and single pixels are no stage.

    Args:
        network: In evaluation mode.
        cells: What it takes, float [N, C, ..., H, W], over which gradients are averaged.

    Returns:
        The stages in order; none for a network without maps.

    Example:
        >>> blurs = nn.Sequential(*(nn.Conv2d(1, 1, 3, bias=False) for _ in range(2)))
        >>> _ = [nn.init.ones_(blur.weight) for blur in blurs]
        >>> found = measure_fields(blurs, torch.zeros(1, 1, 9, 9))
        >>> [(each.rows.size, each.size_px) for each in found]
        [(3, 3), (5, 5)]
        >>> (found[1].mass[4] * 81).round().astype(int).tolist()  # 3 ways lead to the middle
        [0, 0, 3, 6, 9, 6, 3, 0, 0]
    """
    cells = cells.clone().requires_grad_()
    steps = trace(network, cells)
    seen = fields(steps, cells)
    found: list[Seen] = []
    for step in _stages(steps):
        known = seen[step.name]
        if known and all(1 < each.size < inf for each in known):
            rows, columns = (
                _at(each, size // 2)
                for each, size in zip(known[-2:], step.output.shape[-2:], strict=True)
            )
            name = _path(step)
            if found and (found[-1].rows.size, found[-1].rows.jump) == (rows.size, rows.jump):
                name = found.pop().name  # the same field once more, as after an activation
            mass = _mass(step.output, cells)
            found.append(Seen(name, rows, columns, mass, side(mass, rows, columns)))
    return found


def side(mass: NDArray[np.float64], rows: Field, columns: Field, share: float = SHARE) -> int:
    """Rows of the smallest rectangle around the middle of a field that holds a share of its mass.

    Args:
        mass: What each pixel counts, float [H, W], 0 outside of the field.
        rows: The field of one unit along the rows, and
        columns: along the columns; they may reach beyond the picture.
        share: 0..1.
    """
    size = int(min(rows.size, columns.size))
    for margin in range((size - 1) // 2, 0, -1):
        inner = mass[
            max(int(rows.first) + margin, 0) : max(int(rows.last) + 1 - margin, 0),
            max(int(columns.first) + margin, 0) : max(int(columns.last) + 1 - margin, 0),
        ]
        if inner.sum() >= share * mass.sum():
            return int(rows.size) - 2 * margin
    return int(rows.size)


def _stages(steps: Sequence[Step]) -> list[Step]:
    """Steps that all later ones depend on through them alone."""
    place = {step.name: number for number, step in enumerate(steps)}
    last_use = list(range(len(steps)))
    for number, step in enumerate(steps):
        for name in step.inputs:
            if name in place:
                last_use[place[name]] = number
    reach, found = 0, []
    for number, step in enumerate(steps):
        if reach <= number:  # nothing from before is used later on
            found.append(step)
        reach = max(reach, last_use[number])
    return found


def _path(step: Step) -> str:
    """The block that ends with a step, or the layer where there is none around it."""
    if step.module is None:
        return step.block or step.name
    parts = step.name.split(".")
    return ".".join(parts[:-1] if len(parts) > 2 else parts)


def _at(field: Field, unit: int) -> Field:
    """The field of one unit, as if it were the first."""
    shift = unit * field.jump
    return Field(field.first + shift, field.last + shift, field.jump)


def _mass(maps: Tensor, cells: Tensor) -> NDArray[np.float64]:
    """The gradient of the unit in the middle of `maps` [N, C, ..., h, w] at each pixel [H, W]."""
    unit = maps
    for size in maps.shape[2:]:
        unit = unit[:, :, size // 2]
    (gradient,) = torch.autograd.grad(unit.sum(), cells, retain_graph=True)
    height, width = cells.shape[-2:]
    mass = gradient.abs().double().reshape(-1, height, width).sum(0).cpu().numpy()
    total = float(mass.sum())
    return np.asarray(mass / total if total else mass)
