"""`laveran study represent`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

EVERY = 0  # cells


def represent(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    methods: Annotated[
        str, typer.Option(help="Names of representations with commas between, or all.")
    ] = "all",
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("representations"),
    cells: Annotated[
        int, typer.Option(min=0, help="How many cells to draw at random; 0 takes all.")
    ] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw, the division, the methods.")] = 0,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Compare representations of cells: by hand, learned without labels, from labels, elsewhere.

    The methods are sift, surf, fast-brief, orb, colour, texture, pca, kmeans, dictionary, word2vec,
    autoencoder, variational-autoencoder, supervised-dictionary, cnn and imagenet. All learn from
    the same cells and are measured on the same cells of other patients. A finished method is kept
    in the folder; the same command goes on after a stop.

    Example: laveran study represent train_data.zip train_labels.csv --methods all --out study
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.representations.comparison import represent as library_represent
    with show.progress() as watch:
        found = library_represent(
            data,
            labels,
            out=out,
            methods=[name.strip() for name in methods.split(",")],
            cells=None if cells == EVERY else cells,
            patients=patients or (),
            seed=seed,
            watch=watch,
        )
    show.notes(found.notes)
    show.skipped(found.skipped, None)
    if json:
        show.as_json(found.to_json())
        return
    typer.echo(f"  {'method':<26}{'probe':<26}neighbours  numbers  seconds")
    for row in found.rows:
        probe, neighbours = show.figure(row.accuracy.to_json()), f"{row.neighbour.value:.4f}"
        rest = f"{neighbours:<12}{row.dimension:>7,}{row.seconds:>9.1f}"
        typer.echo(f"  {row.name:<26}{probe:<26}{rest}")
    typer.echo(f"page {out / 'representations.html'}, table and picture beside it")
