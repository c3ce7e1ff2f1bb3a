"""Sanity check of maps: with the weights drawn anew, a map that explains them must fall apart.

Cascading randomisation (Adebayo et al. 2018, arXiv:1810.03292, section 3): weights are drawn anew
layer by layer, from the answer back to the picture, and each map is compared with the original by
the correlation of ranks. Guided backpropagation, for one, hardly changes: it shows edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from laveran.model.prediction import Watch
from laveran.networks.network import Network
from laveran.study.explanation.attribution import Members, enlarged

Explains = Callable[[Members, Tensor], Tensor]  # networks and cells [N, 3, S, S] -> [N, h, w]
Name = TypeVar("Name", bound=str)
SURVIVES = 0.5  # rank correlation that a map keeps though nothing learned is left


@dataclass(frozen=True)
class Sanity:
    """How one method's maps change as weights are drawn anew.

    Attributes:
        layers: The layer that was drawn anew at each step, from the answer back.
        correlation: Rank correlation with the original maps after each step, -1..1.
        strength: The same without the maps' signs.
    """

    layers: tuple[str, ...]
    correlation: tuple[float, ...]
    strength: tuple[float, ...]

    @property
    def survives(self) -> bool:
        """Whether the map is much the same when nothing learned is left."""
        return self.correlation[-1] > SURVIVES


def check_maps(
    members: Members,
    cells: Tensor,
    methods: Mapping[Name, Explains],
    *,
    draws: int = 3,
    seed: int = 0,
    watch: Watch | None = None,
) -> dict[Name, Sanity]:
    """Compare the maps of each method with those of ever more random networks.

    Args:
        members: The networks; they are left as they are.
        cells: float [N, 3, S, S] in 0..255; only pixels that are not black are compared.
        methods: By name, what makes maps.
        draws: How often the weights are drawn; correlations are averaged over draws and cells.
        seed: Of the draws.
        watch: Called with ("check maps", done, total, {}).
    """
    inside = (cells.amax(1) > 0).numpy()  # [N, S, S]
    originals = {name: _maps(method, members, cells) for name, method in methods.items()}
    layers = weighty(members[0])
    found = {name: np.zeros((draws, len(layers), 2)) for name in methods}
    for draw in range(draws):
        for step, changed in enumerate(randomised(members, seed + draw)):
            for name, method in methods.items():
                maps = _maps(method, changed, cells)
                found[name][draw, step] = _agreement(originals[name], maps, inside)
            if watch:
                watch("check maps", draw * len(layers) + step + 1, draws * len(layers), {})
    return {
        name: Sanity(tuple(layers), *map(tuple, values.mean(0).T.tolist()))
        for name, values in found.items()
    }


def randomised(members: Members, seed: int) -> Iterator[Members]:
    """The networks with the weights of one more of the layers of `weighty` drawn anew at each step.

    The next step changes the same networks further. Batch norm goes back to its start together
    with the convolution before it.
    """
    changed = [deepcopy(member) for member in members]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in reversed(_resettable(changed[0])):
            for member in changed:
                member.get_submodule(name).reset_parameters()  # type: ignore[operator]
            if not isinstance(changed[0].get_submodule(name), nn.BatchNorm2d):
                yield changed


def weighty(member: Network) -> list[str]:
    """Names of the convolutions and linear layers, from the answer back to the picture."""
    names = reversed(_resettable(member))
    return [name for name in names if not isinstance(member.get_submodule(name), nn.BatchNorm2d)]


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's rank correlation of two arrays [N]; 0 where one is constant or empty.

    Example:
        >>> round(rank_correlation([1, 2, 3, 10], [0, 5, 6, 7]), 3)
        1.0
        >>> rank_correlation([1, 1, 1], [1, 2, 3])
        0.0
    """
    first, second = _ranks(np.asarray(a)), _ranks(np.asarray(b))
    if not first.size or np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _resettable(member: Network) -> list[str]:
    """Names of the layers with weights, from the picture to the answer."""
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)
    return [name for name, module in member.named_modules() if isinstance(module, kinds)]


def _maps(method: Explains, members: Members, cells: Tensor) -> NDArray[np.float32]:
    """A method's maps in the size of the cells [N, S, S]."""
    maps = method(members, cells).detach()
    side = cells.shape[2]
    return (maps if maps.shape[1] == side else enlarged(maps, side)).numpy()


def _agreement(
    original: NDArray[np.float32], maps: NDArray[np.float32], inside: NDArray[np.bool_]
) -> tuple[float, float]:
    """Rank correlation of maps [N, S, S] within the cells, with signs and without."""
    pairs = [
        (rank_correlation(a[mask], b[mask]), rank_correlation(np.abs(a[mask]), np.abs(b[mask])))
        for a, b, mask in zip(original, maps, inside, strict=True)
    ]
    signed, strength = np.mean(pairs, axis=0)
    return float(signed), float(strength)


def _ranks(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Rank of each value, equal ones sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], np.float64)
