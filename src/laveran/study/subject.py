"""The network that a study looks at: named, from a run, or the shipped one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from laveran.errors import ConfigError
from laveran.model.runtime import SHIPPED as SHIPPED_MODEL
from laveran.networks.network import Network, NetworkFile, build, load
from laveran.networks.zoo import ZOO, member
from laveran.training.recipe import SHIPPED as RECIPES
from laveran.training.recipe import load_recipe

SIZE_PX = 64
PLANES = 5  # of a focus stack, for networks that take stacks


@dataclass(frozen=True)
class Subject:
    """A network to look at.

    Attributes:
        name: What it is called.
        network: In evaluation mode.
        size_px: Side of its input.
        learned: Whether its weights are those of a training; else they are random.
    """

    name: str
    network: Network
    size_px: int
    learned: bool

    def batch(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Cells uint8 [N, S, S, 3] as the network takes them: float [N, 3, S, S] in 0..255.

        A network for focus stacks gets `PLANES` planes that are all alike, [N, 3, P, S, S].
        """
        cells = torch.from_numpy(pictures).movedim(-1, 1).float()
        if self.network.mean.ndim == 5:
            return cells.unsqueeze(2).repeat(1, 1, PLANES, 1, 1)
        return cells


def find_subject(name: str | None = None, *, size_px: int | None = None, seed: int = 0) -> Subject:
    """A network by name or from a folder.

    Args:
        name: A recipe (fast, balanced, accurate, finetuned, or one's own .toml), one of the zoo,
            or a folder with `network.json` and `weights.safetensors`, as runs are; None for the
            shipped model.
        size_px: Side of its input; None for its own.
        seed: Of random weights.

    Raises:
        ConfigError: If there is nothing of this name, or it does not fit the size.
        ModelError: If the folder's files are missing or damaged.

    Example:
        >>> find_subject("fast").learned, find_subject().learned
        (False, True)
    """
    if name is None:
        return _from_folder(SHIPPED_MODEL, "The shipped model", size_px)
    if Path(name).is_dir():
        return _from_folder(Path(name), name, size_px)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if name in RECIPES or name.endswith(".toml"):
            recipe = load_recipe(name)
            side = size_px or recipe.size_px
            return Subject(recipe.name, build(recipe.network, side).eval(), side, learned=False)
        if name in ZOO:
            side = size_px or SIZE_PX
            return Subject(name, build(member(name), side).eval(), side, learned=False)
    raise ConfigError(
        f"no network is called {name!r} and it is no folder; recipes are "
        f"{', '.join(RECIPES)}, networks {', '.join(ZOO)}; a run is named by its folder"
    )


def _from_folder(folder: Path, name: str, size_px: int | None) -> Subject:
    """The network that a training left in a folder."""
    network = load(folder)
    file = NetworkFile.model_validate_json((folder / "network.json").read_bytes())
    if size_px not in (None, file.size_px) and not network.has_maps:
        raise ConfigError(
            f"the network in {folder} has a weight for each pixel of {file.size_px} px cells; "
            f"leave --size out"
        )
    return Subject(name, network, size_px or file.size_px, learned=True)
