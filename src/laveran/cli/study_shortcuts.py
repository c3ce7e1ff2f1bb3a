"""`laveran study shortcuts`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from laveran.report.shortcuts_page import ShortcutsPage


def shortcuts(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("shortcuts"),
    depth: Annotated[
        list[int] | None,
        typer.Option(help="Convolutions: 6, 10, 14 and so on; may be given again. [6 and 26]"),
    ] = None,
    cells: Annotated[
        list[int] | None,
        typer.Option(
            help="Cells on which overfitting is looked at; may be given again. [100, 1000, 10000]"
        ),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Fits of each setting.")] = 2,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the division and the fits.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Show what skip connections do for deep networks, and what overfitting is.

    Finished fits are kept in the folder: the command goes on after a stop.

    Example: laveran study shortcuts train_data.zip train_labels.csv --out shortcuts
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.learning.degradation import DEPTHS
        from laveran.study.learning.overfitting import SIZES
        from laveran.study.learning.shortcuts import study_shortcuts
    with show.progress() as watch:
        found = study_shortcuts(
            data,
            labels,
            out=out,
            depths=depth or DEPTHS,
            sizes=cells or SIZES,
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
    typer.echo(f"page {out / 'shortcuts.html'}, tables and pictures beside it")


def _show(page: ShortcutsPage) -> None:
    """Accuracy of every network and regime, one a line."""
    from laveran.cli import show

    for row in page.depths:
        norm = "batch norm" if row.batch_norm else "bare"
        typer.echo(f"  {f'{row.name}, {norm}':<34}test {show.figure(row.test.to_json())}")
    for regime in page.regimes:
        name = f"{regime.cells:,} cells, {regime.change}"
        typer.echo(f"  {name:<34}test {show.figure(regime.test.to_json())}, gap {regime.gap:.3f}")
