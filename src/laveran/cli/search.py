"""`laveran search`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def search(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("searches/first"),
    budget: Annotated[
        str, typer.Option(help="Wall-clock time: 90s, 60m, 2h; what earlier calls used counts.")
    ] = "60m",
    storage: Annotated[
        str | None,
        typer.Option(
            help="URL of a database that several machines share, such as "
            "postgresql+psycopg://user:password@host/database; else a file in --out."
        ),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many, if the budget lasts.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds that a trial is measured on.")] = 3,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each fit of a trial.")] = 8,
    seed: Annotated[
        int, typer.Option(min=0, help="Seed of locked patients, folds, weights and order.")
    ] = 0,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Search for the best recipe, and measure it once on patients that no trial saw.

    The same command goes on with a search that was stopped. With the same --storage, several
    machines work on one search.

    Example: laveran search train_data.zip train_labels.csv --out searches/first --budget 60m
    """
    from laveran.cli import outcome, show

    with outcome.training_side():
        from laveran.training.search import search as library_search

    with show.progress() as watch:
        found = library_search(
            data,
            labels,
            out=out,
            budget=budget,
            storage=storage,
            trials=trials,
            folds=folds,
            epochs=epochs,
            seed=seed,
            patients=patients or (),
            watch=watch,
        )
    show.notes(found.notes)
    show.skipped(found.skipped, found.folder / "skipped.csv")
    if json:
        show.as_json(found.to_json())
        return
    best = f"trial {found.trial} of {found.trials} is the best: AUROC {found.value:.4f}"
    typer.echo(f"{best} on the folds that chose it")
    if found.evaluation:
        typer.echo(f"{found.protocol}:")
        show.figures(found.evaluation.to_json())
    typer.echo(f"recipe {found.folder / 'recipe.toml'}, report {found.folder / 'search.html'}")
