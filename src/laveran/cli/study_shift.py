"""`laveran study shift`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from laveran.report.shift_page import ShiftPage


def shift(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("shift"),
    cells: Annotated[int, typer.Option(min=2, help="Cells to draw, test cells among them.")] = 3000,
    repeats: Annotated[int, typer.Option(min=1, help="Fits of each network.")] = 2,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw and the fits.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Set a CNN beside an MLP of as many parameters, on shifted, turned and recoloured cells.

    Finished fits are kept in the folder: the command goes on after a stop.

    Example: laveran study shift train_data.zip train_labels.csv --out shift
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.learning.shift import study_shift
    with show.progress() as watch:
        found = study_shift(
            data,
            labels,
            out=out,
            cells=cells,
            repeats=repeats,
            seed=seed,
            patients=patients or (),
            watch=watch,
        )
    show.notes(found.page.notes)
    show.skipped(found.sample.skipped, None)
    if json:
        show.as_json(found.to_json())
        return
    _show(found.page)
    typer.echo(f"page {out / 'shift.html'}, table and pictures beside it")


def _show(page: ShiftPage) -> None:
    """Parameters, and accuracy of unmoved and most moved cells, one network a line."""
    from laveran.cli import show

    for network in page.networks:
        typer.echo(f"  {network.name:<32}{network.parameters:,} parameters")
    for (name, augmentation), curve in page.shifts.items():
        for place in (0, -1):
            what = f"{name}, augmentation {augmentation}"
            moved = f"{curve.amounts[place]:g} px"
            typer.echo(f"  {what:<40}{moved:>6} {show.figure(curve.figures[place].to_json())}")
