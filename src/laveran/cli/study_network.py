"""`laveran study network`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from laveran.cli.outcome import training_side


def network(
    picture: Annotated[
        Path | None, typer.Argument(help="Picture of one cell; a drawn one if none.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a finished run; the model that ships with Laveran if none."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("network.html"),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the drawn cell.")] = 0,
) -> None:
    """Show a network at work on one cell, in space: what each unit sees and what made it.

    The page opens in any browser, offline. It holds the cell and all weights.

    Example: laveran study network cell.png --model runs/first --out network.html
    """
    with training_side("study"):
        from laveran.study.space.view import view_network

    found = view_network(picture, model=model, out=out, seed=seed)
    scene = found.scene
    typer.echo(
        f"{out}: {len(scene.layers)} layers, {scene.n_weights:,} weights, {found.size_mb:.1f} MB; "
        f"probability of parasitized {scene.probability:.3f}"
    )
