"""`laveran study network`: a page on which a cell goes through a network, in space."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from laveran import files
from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.errors import ConfigError, ModelError
from laveran.model.explanation import read_picture
from laveran.model.runtime import SHIPPED, Model
from laveran.networks.network import load
from laveran.report.network_page import render
from laveran.report.network_scene import NetworkScene
from laveran.study.space.layers import map_layers

MOST_WEIGHTS = 30_000_000  # at a byte each, more than what browsers open at ease


@dataclass(frozen=True)
class NetworkView:
    """What was shown, and where.

    Attributes:
        scene: The network and the cell in it.
        page: The page that was written.
    """

    scene: NetworkScene
    page: Path

    @property
    def size_mb(self) -> float:
        """Of the page."""
        return self.page.stat().st_size / 1e6


def view_network(
    picture: Path | str | None = None,
    *,
    model: Path | str | None = None,
    out: Path | str = "network.html",
    seed: int = 0,
) -> NetworkView:
    """Write a page that shows a network at work on one cell.

    Args:
        picture: Picture of one cell; None for a drawn one.
        model: Folder of a finished run of one network; None for the shipped model.
        out: Page to write.
        seed: Of the drawn cell.

    Raises:
        ArchiveError: If `picture` is no picture.
        PictureError: If it cannot be read.
        ModelError: If the folder holds no network, or an ensemble.
        ConfigError: If the network has no maps to show, or too many weights for a page.
        OutputError: If the page cannot be written.
    """
    folder = SHIPPED if model is None else Path(model)
    if folder.is_file():
        raise ModelError(f"{folder} is a file; name the run folder, which holds the weights")
    cell = drawn_cell(seed) if picture is None else read_picture(picture)
    scene = network_scene(
        folder,
        cell,
        cell_name="a drawn cell" if picture is None else Path(picture).name,
        network_name="the shipped model" if model is None else folder.name,
        drawn=picture is None,
    )
    files.write_text(out, render(scene))
    return NetworkView(scene, Path(out))


def network_scene(
    folder: Path,
    cell: NDArray[np.uint8],
    *,
    cell_name: str = "cell",
    network_name: str = "network",
    drawn: bool = False,
) -> NetworkScene:
    """The network of a run folder and what it makes of `cell`, RGB uint8 [H, W, 3].

    Raises:
        ModelError: If the folder holds no network, or an ensemble.
        ConfigError: If the network has no maps to show, or too many weights for a page.
    """
    network = load(folder)
    weights = sum(weight.numel() for weight in network.parameters())
    if weights > MOST_WEIGHTS:
        raise ConfigError(
            f"the network has {weights:,} weights, too many for a page; "
            f"show one of {MOST_WEIGHTS:,} or fewer"
        )
    file = Model(folder)
    prepared = file.prepare(cell)
    entering = torch.from_numpy(prepared).permute(2, 0, 1)[None].float()  # [1, 3, S, S]
    layers = map_layers(network, entering, file.contract.temperature)
    with torch.no_grad():
        logit = float(network(entering)) / file.contract.temperature
    return NetworkScene(
        cell=cell_name,
        network=network_name,
        picture=prepared,
        layers=layers,
        logit=logit,
        drawn=drawn,
    )


def drawn_cell(seed: int) -> NDArray[np.uint8]:
    """A drawn cell with a ring, RGB uint8 [H, W, 3]."""
    chance = np.random.default_rng(seed)
    return draw_cell(chance, draw_patient(chance), "ring").image
