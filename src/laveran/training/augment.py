"""Changes that microscopy allows, made to whole batches at once.

A cell has no up and no left, lies a little off centre, is stained and lit a little
differently on the next slide, and is not always in focus. Black stays black: it is
the margin that the segmentation left, not blood.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional

from laveran.training.recipe import Augmentation


def augment(cells: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """Randomly changed copies of `cells`.

    Args:
        cells: float [N, 3, S, S] in 0..255, or focus stacks [N, 3, P, S, S], whose planes
            change alike.
        settings: Which changes, and how large.
        generator: Source of all randomness; on the CPU, so that every device draws alike.

    Returns:
        As `cells`.

    Example:
        >>> cells = torch.full((2, 3, 8, 8), 100.0)
        >>> augment(cells, Augmentation(turns=True), Generator().manual_seed(0)).shape
        torch.Size([2, 3, 8, 8])
    """
    if settings.stain or settings.brightness:
        cells = restain(cells, settings.stain, settings.brightness, generator)
    flat = cells.flatten(1, -3)  # [N, 3 * P, S, S]
    if settings.blur:
        flat = blur(flat, settings.blur, generator)
    if settings.rotate_degrees or settings.scale or settings.shift:
        flat = move(flat, settings, generator)
    elif settings.turns:
        flat = turn(flat, generator)
    return flat.view_as(cells)


def restain(cells: Tensor, stain: float, brightness: float, generator: Generator) -> Tensor:
    """Another gain and offset for each colour of each cell; black margin stays black."""
    shape = (len(cells), 3, *(1 for _ in cells.shape[2:]))
    gain = 1 + stain * _uniform(shape, generator).to(cells.device)
    offset = 255 * brightness * _uniform(shape, generator).to(cells.device)
    return torch.addcmul(cells * gain, offset, cells.sign()).clamp_(0, 255)


def blur(cells: Tensor, most: float, generator: Generator) -> Tensor:
    """Each cell mixed with its 3 x 3 mean, by a weight uniform in 0..`most`."""
    weight = most * torch.rand((len(cells), 1, 1, 1), generator=generator)
    mean = functional.avg_pool2d(cells, 3, stride=1, padding=1)
    return torch.lerp(cells, mean, weight.to(cells.device))


def turn(cells: Tensor, generator: Generator) -> Tensor:
    """One of the eight flips and turns of the square for each cell, exactly, pixel for pixel."""
    which = torch.randint(8, (len(cells),), generator=generator)
    turned = torch.empty_like(cells)
    for symmetry in range(8):
        chosen = which == symmetry
        part = torch.rot90(cells[chosen], symmetry % 4, (2, 3))
        turned[chosen] = part.flip(3) if symmetry >= 4 else part
    return turned


def move(cells: Tensor, settings: Augmentation, generator: Generator) -> Tensor:
    """Turn, rotate, zoom and shift in one bilinear sampling; black comes in at the edges."""
    count = len(cells)
    quarter = torch.zeros(count)
    mirror = torch.ones(count)
    if settings.turns:
        quarter = torch.randint(4, (count,), generator=generator).float()
        mirror = torch.randint(2, (count,), generator=generator) * 2.0 - 1
    degrees = 90 * quarter + settings.rotate_degrees * _uniform((count,), generator)
    radians = degrees * (math.pi / 180)
    zoom = 1 + settings.scale * _uniform((count,), generator)
    # affine_grid maps output to input places in -1..1, so a shift of the side is a step of 2
    shift = 2 * settings.shift * _uniform((count, 2), generator)
    cosine, sine = zoom * radians.cos(), zoom * radians.sin()
    rows = torch.stack(
        (mirror * cosine, -sine, shift[:, 0], mirror * sine, cosine, shift[:, 1]), dim=1
    )
    matrices = rows.view(count, 2, 3).to(cells.device)
    grid = functional.affine_grid(matrices, list(cells.shape), align_corners=False)
    return functional.grid_sample(cells, grid, align_corners=False)


def _uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform in -1..1."""
    return 2 * torch.rand(shape, generator=generator) - 1
