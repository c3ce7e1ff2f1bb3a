"""`laveran train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class By(StrEnum):
    """What a split keeps whole."""

    PATIENT = "patient"
    PHOTO = "photo"
    CELL = "cell"


def train(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Run folder to write.")] = Path("runs/first"),
    recipe: Annotated[
        str, typer.Option(help="fast, balanced, accurate, finetuned, or the path of a .toml file.")
    ] = "balanced",
    folds: Annotated[
        int, typer.Option(min=0, help="Cross-validate over this many folds, then fit all cells.")
    ] = 0,
    ensemble: Annotated[
        bool,
        typer.Option("--ensemble", help="Keep the networks of all folds: their average answers."),
    ] = False,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(help="Run folder to learn from beside the labels; may be given again."),
    ] = None,
    readings: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of cells read again, learned instead of labels; one a reader."),
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Key of the page that was read.")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Instead of the recipe's number of epochs.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of split, weights and order.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that stopped.")
    ] = False,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    by: Annotated[
        By, typer.Option(help="What a split keeps whole; all but patient is optimistic.")
    ] = By.PATIENT,
    species: Annotated[
        str, typer.Option(help="For the model file: what the cells are infected with.")
    ] = "not stated",
    licence: Annotated[
        str, typer.Option(help="For the model file: of the weights.")
    ] = "not stated",
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train a network and measure it on patients it never saw.

    Example: laveran train train_data.zip train_labels.csv --out runs/first --recipe fast
    """
    from laveran.cells.readings import RANDOM
    from laveran.cli import outcome, show
    from laveran.metrics.intervals import plain_figures

    with outcome.training_side():
        from laveran.training.train import train as library_train

    with show.progress() as watch:
        run = library_train(
            data,
            labels,
            out=out,
            recipe=recipe,
            folds=folds,
            ensemble=ensemble,
            teachers=teacher or (),
            readings=readings or (),
            key=key,
            epochs=epochs,
            seed=seed,
            resume=resume,
            patients=patients or (),
            by=by.value,
            species=species,
            licence=licence,
            watch=watch,
        )
    show.notes(run.notes)
    show.skipped(run.skipped, run.folder / "skipped.csv")
    figures = run.evaluation.to_json()
    points = {name: plain_figures(of) for name, of in run.operating_points.items()}
    if json:
        reread = {"readings": {RANDOM: plain_figures(run.reread)}} if run.reread else {}
        called = {"operating_point": run.operating_point, "operating_points": points}
        found = {"protocol": run.protocol, **figures, **called, **reread}
        show.as_json({"run": str(run.folder), **found})
        return
    typer.echo(f"{run.protocol}; called at {run.operating_point}:")
    show.figures(figures)
    show.operating_points(points)
    if run.reread:
        typer.echo("on cells drawn at random that all readers agreed on:")
        show.figures(plain_figures(run.reread))
    typer.echo(f"model {run.folder / 'model.onnx'}, report {run.folder / 'report.html'}")
