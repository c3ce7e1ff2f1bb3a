"""`laveran evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="Run folder, model file, or shipped for the model that ships with Laveran (so if "
            "none); several answer together, by their mean log odds."
        ),
    ] = None,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    operating_point: Annotated[
        str | None,
        typer.Option(
            help="Threshold of the model by name, see predict; its default, and 0.5 on readings, "
            "if none."
        ),
    ] = None,
    tta: Annotated[
        bool,
        typer.Option("--tta", help="Average over the eight flips and turns of each cell."),
    ] = False,
    readings: Annotated[
        Path | None, typer.Option(help="CSV of cells that were re-read blind, see reread.")
    ] = None,
    key: Annotated[Path | None, typer.Option(help="Key of the page that was read.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Measure a model on labelled cells, with intervals by resampling patients.

    Example: laveran evaluate cells.zip labels.csv --model runs/first --json figures.json
    """
    from laveran.cli import show
    from laveran.model.evaluation import evaluate as library_evaluate

    with show.progress() as watch:
        result = library_evaluate(
            data,
            labels,
            model=model,
            patients=patients or (),
            operating_point=operating_point,
            tta=tta,
            readings=readings,
            key=key,
            json=json,
            watch=watch,
        )
    show.notes(result.notes)
    show.skipped(result.skipped, None)
    found = result.to_json()
    typer.echo(f"called at {result.operating_point}:")
    show.figures(result.evaluation.to_json())
    show.operating_points(found["operating_points"])
    if "tta" in found:
        typer.echo("gained by averaging over flips and turns, and its cost in time:")
        show.figures(found["tta"])
    for part, of in found.get("readings", {}).items():
        typer.echo(f"cells re-read blind, {part} part:")
        show.figures(of)
