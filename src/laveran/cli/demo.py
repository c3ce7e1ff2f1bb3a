"""`laveran demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from laveran.cli import show

if TYPE_CHECKING:
    from laveran.model.demo import DrawnTest


def demo(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("demo"),
    recipe: Annotated[str, typer.Option(help="Recipe to train with.")] = "fast",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the drawn cells.")] = 0,
) -> None:
    """Do the whole homework on cells that are drawn here and now: train, predict, score, report.

    Without torch, the shipped model predicts them instead.

    Example: laveran demo --out demo
    """
    from laveran.cli.outcome import has_torch

    test = _trained(out, recipe, seed) if has_torch() else _shipped(out, seed)
    typer.echo("SYNTHETIC cells, drawn by a program: the figures say nothing about real films.")
    typer.echo(f"submission   {test.submission}  ({test.prediction.n_cells:,} cells)")
    typer.echo(f"leaderboard  {show.leaderboard(test.leaderboard)}")


def _trained(out: Path, recipe: str, seed: int) -> DrawnTest:
    """Train on drawn cells and predict others."""
    from laveran.cli import outcome

    with outcome.training_side():
        from laveran.training.demo import demo as library_demo

    with show.progress() as watch:
        result = library_demo(out, recipe=recipe, seed=seed, watch=watch)
    show.notes(result.run.notes)
    accuracy = result.run.evaluation.to_json()["accuracy"]
    typer.echo(f"trained      {result.run.folder}  ({result.run.protocol})")
    typer.echo(f"accuracy     {show.figure(accuracy)} on patients it never saw")
    typer.echo(f"report       {result.run.folder / 'report.html'}  (open it in a browser)")
    return result.test


def _shipped(out: Path, seed: int) -> DrawnTest:
    """Predict drawn cells with the model that ships with Laveran."""
    from laveran.model.demo import demo as library_demo

    with show.progress() as watch:
        test = library_demo(out, seed=seed, watch=watch)
    typer.echo(
        "read by the shipped model, which learned from real cells; to train on these instead:"
    )
    typer.echo("  pip install 'laveran[train]'")
    return test
