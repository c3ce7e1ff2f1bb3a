"""`laveran notebook`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def notebook(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Finished run folders: the first is looked at closely, all are compared.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Notebook to write.")] = Path("homework.ipynb"),
    data: Annotated[
        Path | None,
        typer.Option(help="Zip or folder of the training pictures, if not where the run had them."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="CSV of their labels, if not where the run had it.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Zip or folder of the pictures to classify.")
    ] = None,
    sample: Annotated[Path | None, typer.Option(help="Sample submission.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a notebook that tells how the homework was done, to be run from top to bottom.

    Example: laveran notebook runs/fast runs/tuned --out homework.ipynb --test test_data.zip
    """
    from laveran.cli import outcome, show

    with outcome.training_side():
        from laveran.training.notebook import write_notebook

    written = write_notebook(runs, out, data=data, labels=labels, test=test, sample=sample)
    notes = []
    if written.missing:
        notes.append(f"no run is of the kind {' or '.join(written.missing)}; the notebook says so")
    if not test:
        notes.append("there is no submission in it without --test")
    show.notes(notes)
    if json:
        show.as_json(written.to_json())
        return
    typer.echo(
        f"{out}: {written.n_cells} cells, to be opened and run with Jupyter (pip install notebook)"
    )
