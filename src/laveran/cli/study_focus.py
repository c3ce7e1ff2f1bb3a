"""`laveran study focus`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def focus(
    out: Annotated[Path, typer.Option(help="Folder for the page and the figures.")],
    data: Annotated[
        Path | None,
        typer.Argument(help="Zip or folder of focus stacks; some are drawn where there is none."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option("--focus", help="CSV with img_name, cell_plane and parasite_plane, from 0."),
    ] = None,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Most epochs of each network.")] = 20,
    size: Annotated[int, typer.Option(min=16, help="Side of the prepared planes.")] = 48,
    seed: Annotated[int, typer.Option(min=0, help="Of the division and the training.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Train on whole focus stacks, and on their sharpest and middle plane: is a stack worth it?

    A stack is a multi-page TIFF, or a folder of planes, a cell.

    Example: laveran study focus stacks.zip labels.csv --out focus
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.focus.comparison import study_focus

        with show.progress() as watch:
            page = study_focus(
                data,
                labels,
                out=out,
                focus=known,
                patients=patients or (),
                epochs=epochs,
                size_px=size,
                seed=seed,
                watch=watch,
            )
    show.notes(page.notes)
    if json:
        show.as_json(page.to_json())
        return
    typer.echo(f"{'SYNTHETIC: ' if page.synthetic else ''}{page.protocol}")
    show.figures({method.name: method.accuracy.to_json() for method in page.methods})
    for each in page.shares:
        typer.echo(f"  {show.figure(each.share.to_json())} {each.what}")
    typer.echo(f"page {out / 'focus.html'}")
