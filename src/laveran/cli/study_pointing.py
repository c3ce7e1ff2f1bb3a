"""`laveran study pointing`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pointing(
    data: Annotated[
        Path | None,
        typer.Argument(
            help="Zip or folder of cells, whose stained spots stand for parasites; drawn cells, "
            "where the truth is known, if none."
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Run folder; the model that ships with Laveran if none.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("pointing"),
    cells: Annotated[int, typer.Option(min=1, help="How many cells to draw.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw and of the intervals.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure how often the peak of a map lies on the parasite, for each way to make maps.

    Example: laveran study pointing train_data.zip train_labels.csv --model runs/first
    """
    from laveran.cli import outcome, show

    with outcome.training_side("study"):
        from laveran.study.explanation.play import play

    with show.progress() as watch:
        found = play(data, labels, model=model, out=out, cells=cells, seed=seed, watch=watch)
    if json:
        show.as_json([row.to_json() for row in found.rows])
        return
    wide = max(26, *(len(row.method) for row in found.rows))  # a layer's path may be long
    for row in found.rows:
        hits = show.figure(row.hits.to_json())
        typer.echo(
            f"  {row.method:<{wide}}  {hits:<26}chance {row.chance:.4f}  {row.cells:,} {row.among}"
        )
    typer.echo(f"page {out / 'pointing.html'}, table beside it")
