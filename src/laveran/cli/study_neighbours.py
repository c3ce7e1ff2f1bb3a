"""`laveran study neighbours`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from laveran.study.embedding.cell_neighbours import CellNeighbours, Neighbour


def neighbours(
    picture: Annotated[str, typer.Argument(help="File of a cell, or the name of one in DATA.")],
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures to look among.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Run folder or model file; the model that ships with Laveran if none."),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many neighbours.")] = 12,
    metric: Annotated[Literal["cosine", "euclid"], typer.Option(help="What is near.")] = "cosine",
    other_patients: Annotated[
        bool,
        typer.Option("--other-patients", help="Leave out cells of the same patient."),
    ] = False,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("neighbours.html"),
    json: Annotated[bool, typer.Option("--json", help="Print the neighbours as JSON.")] = False,
) -> None:
    """Find the cells that a model finds most like one cell: labels, patients, distances.

    Example: laveran study neighbours cell.png train_data.zip train_labels.csv
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.embedding.cell_neighbours import find_neighbours

        with show.progress() as watch:
            found = find_neighbours(
                picture,
                data,
                labels,
                out=out,
                model=model,
                k=k,
                metric=metric,
                other_patients=other_patients,
                patients=patients or (),
                watch=watch,
            )
    show.notes(found.notes)
    show.skipped(found.embedded.skipped, None)
    if json:
        show.as_json(found.to_json())
        return
    _show(found)
    typer.echo(f"page {out}")


def _show(found: CellNeighbours) -> None:
    """The neighbours, one a line."""
    typer.echo(f"{found.name}, probability {found.probability:.4f}")
    for each in found.neighbours:
        typer.echo(f"  {each.distance:.4f}  {_label(each):<12}  {_patient(each):<24}  {each.name}")


def _label(neighbour: Neighbour) -> str:
    """The label in words."""
    from laveran.cells.manifest import CLASSES

    return "no label" if neighbour.label is None else CLASSES[neighbour.label]


def _patient(neighbour: Neighbour) -> str:
    """The patient, and whether it is the same."""
    who = neighbour.patient or "patient unknown"
    return f"{who} (same)" if neighbour.same_patient else who
