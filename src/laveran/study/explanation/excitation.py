"""What excites a unit: a picture found for it, and the real cells that come nearest.

Activation maximisation (Erhan, Bengio, Courville & Vincent 2009, "Visualizing higher-layer features
of a deep network"). Left alone it ends in noise that only this network sees, so the picture is
shifted at random before each step (jitter: Mordvintsev, Olah & Tyka 2015) and blurred now and then
(Yosinski et al. 2015, arXiv:1506.06579, section 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from laveran.errors import ConfigError
from laveran.model.prediction import Watch
from laveran.networks.layers import ACTIVATIONS
from laveran.networks.network import Network
from laveran.networks.trace import Step, trace
from laveran.study.explanation.attribution import map_layers, normalised

STEPS, RATE = 128, 0.1
JITTER_PX = 3
BLUR_EVERY = 4  # steps
CHUNK = 64


class Unit(NamedTuple):
    """One map of one layer, as `networks.trace` names layers."""

    layer: str
    number: int

    def __str__(self) -> str:
        return f"{self.layer}:{self.number}"


class Found(NamedTuple):
    """Cells that excite a unit, the most excited first.

    Attributes:
        indexes: Which cells, int64 [k].
        values: The unit's largest value in each, [k].
        places: Where that is, row and column as shares of the cell's side, [k, 2].
    """

    indexes: NDArray[np.int64]
    values: NDArray[np.float32]
    places: NDArray[np.float64]


def layer_name(text: str) -> str:
    """A layer's name within the maps, as asked for or as `laveran describe` lists it.

    >>> layer_name("features.6.activation"), layer_name("0.2")
    ('6.activation', '0.2')
    """
    return text.removeprefix("features.")


def parse_unit(text: str) -> Unit:
    """A unit from LAYER:NUMBER.

    Raises:
        ConfigError: If the text is no such thing.

    Example:
        >>> parse_unit("6.activation:12")
        Unit(layer='6.activation', number=12)
    """
    layer, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal():
        raise ConfigError(f"{text!r} is no unit; write LAYER:NUMBER, such as 0.2:7")
    return Unit(layer_name(layer), int(number))


def loudest_unit(member: Network, cell: Tensor) -> Unit:
    """The unit of the last maps that adds most to the logit of a cell float [1, 3, S, S]."""
    with torch.no_grad():
        share = member.head.weight[0] * member.embed(cell)[0]  # [D]
    return Unit(map_layers(member, cell.shape[2])[-1], int(share.argmax()))


def unit_map(member: Network, cells: Tensor, unit: Unit) -> Tensor:
    """What a unit gives for cells float [N, 3, S, S]: [N, h, w].

    Raises:
        ConfigError: If there is no such unit.
    """
    with torch.no_grad():
        return _of_unit(trace(member.features, normalised(member, cells)), unit)


def exciting_picture(
    member: Network, unit: Unit, size_px: int, *, steps: int = STEPS, seed: int = 0
) -> NDArray[np.uint8]:
    """A picture that excites a unit at the middle of its map.

    Args:
        member: The network.
        unit: The unit.
        size_px: Side of the picture.
        steps: Steps uphill.
        seed: Of where it starts and how it is shifted.

    Returns:
        uint8 [size_px, size_px, 3] RGB.

    Raises:
        ConfigError: If there is no such unit.
    """
    chance = torch.Generator().manual_seed(seed)
    picture = (0.1 * torch.randn(1, 3, size_px, size_px, generator=chance)).requires_grad_()
    climb = torch.optim.Adam([picture], RATE, maximize=True)
    for step in range(steps):
        shift = torch.randint(-JITTER_PX, JITTER_PX + 1, (2,), generator=chance).tolist()
        shifted = torch.roll(255 * picture.sigmoid(), shift, (2, 3))
        maps = _before_activation(trace(member.features, normalised(member, shifted)), unit)
        (picture.grad,) = torch.autograd.grad(_middle(maps), picture)
        climb.step()
        if step % BLUR_EVERY == 0 and step < steps - BLUR_EVERY:
            picture.data = _blurred(picture.data)
    found = (255 * picture.detach().sigmoid())[0].permute(1, 2, 0)
    return found.round().to(torch.uint8).numpy()


def most_exciting(
    member: Network,
    pictures: NDArray[np.uint8],
    unit: Unit,
    count: int,
    watch: Watch | None = None,
) -> Found:
    """The cells in which a unit gives most, anywhere in its map.

    Args:
        member: The network.
        pictures: Prepared cells uint8 [N, S, S, 3].
        unit: The unit.
        count: How many; fewer where there are fewer cells.
        watch: Called with ("excite", done, total, {}).

    Raises:
        ConfigError: If there is no such unit.
    """
    values = np.zeros(len(pictures), np.float32)
    places = np.zeros((len(pictures), 2))
    for start in range(0, len(pictures), CHUNK):
        some = slice(start, start + CHUNK)
        maps = unit_map(member, as_cells(pictures[some]), unit)  # [n, h, w]
        values[some], place = (each.numpy() for each in maps.flatten(1).max(1))
        height, width = maps.shape[1:]
        places[some] = np.stack(
            [(place // width + 0.5) / height, (place % width + 0.5) / width], axis=1
        )
        if watch:
            watch("excite", min(start + CHUNK, len(pictures)), len(pictures), {})
    order = np.argsort(-values, kind="stable")[:count]
    return Found(order, values[order], places[order])


def as_cells(pictures: NDArray[np.uint8]) -> Tensor:
    """Prepared cells uint8 [N, S, S, 3] as networks take them: float [N, 3, S, S] in 0..255."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().contiguous()


def _of_unit(steps: Sequence[Step], unit: Unit) -> Tensor:
    """The unit's map [N, h, w]."""
    output = _step(steps, unit).output
    if unit.number >= output.shape[1]:
        raise ConfigError(
            f"layer {unit.layer} has {output.shape[1]} maps, so no unit {unit.number}; they are "
            "counted from 0"
        )
    return output[:, unit.number]


def _before_activation(steps: Sequence[Step], unit: Unit) -> Tensor:
    """The unit's map before its activation, which has no slope where it is silent."""
    step = _step(steps, unit)
    if isinstance(step.module, tuple(ACTIVATIONS.values())):
        unit = unit._replace(layer=step.inputs[0])
    return _of_unit(steps, unit)


def _step(steps: Sequence[Step], unit: Unit) -> Step:
    """The step of the unit's layer."""
    found = {step.name: step for step in steps if step.output.ndim == 4}
    if unit.layer not in found:
        raise ConfigError(
            f"the network has no layer {unit.layer!r} with maps; it has {', '.join(found)}"
        )
    return found[unit.layer]


def _middle(maps: Tensor) -> Tensor:
    """The unit's value in the middle of its map [1, h, w]."""
    return maps[0, maps.shape[1] // 2, maps.shape[2] // 2]


def _blurred(picture: Tensor) -> Tensor:
    """The picture [1, 3, S, S], each pixel mixed with its eight neighbours."""
    weights = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.outer(weights, weights).expand(3, 1, 3, 3)
    padded = functional.pad(picture, (1, 1, 1, 1), mode="replicate")
    return functional.conv2d(padded, kernel, groups=3)
