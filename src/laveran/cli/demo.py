"""`laveran demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("demo"),
    recipe: Annotated[str, typer.Option(help="Recipe to train with.")] = "fast",
    seed: Annotated[int, typer.Option(min=0, help="Seed of the drawn cells.")] = 0,
) -> None:
    """Do the whole homework on cells that are drawn here and now: train, predict, score, report.

    Example: laveran demo --out demo
    """
    from laveran.cli import outcome, show

    with outcome.training_side():
        from laveran.training.demo import demo as library_demo

    with show.progress() as watch:
        result = library_demo(out, recipe=recipe, seed=seed, watch=watch)
    show.notes(result.run.notes)
    accuracy = result.run.evaluation.to_json()["accuracy"]
    typer.echo("SYNTHETIC cells, drawn by a program: the figures say nothing about real films.")
    typer.echo(f"trained      {result.run.folder}  ({result.run.protocol})")
    typer.echo(f"accuracy     {show.figure(accuracy)} on patients it never saw")
    typer.echo(f"submission   {result.submission}  ({result.prediction.n_cells:,} cells)")
    typer.echo(f"leaderboard  {show.leaderboard(result.leaderboard)}")
    typer.echo(f"report       {result.run.folder / 'report.html'}  (open it in a browser)")
