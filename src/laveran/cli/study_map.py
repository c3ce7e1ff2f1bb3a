"""`laveran study map`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from laveran.study.embedding.cell_map import EmbeddingMap


def map_(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Run folder or model file; the model that ships with Laveran if none."),
    ] = None,
    embedding: Annotated[
        str, typer.Option(help="The model's own, or a method of study represent.")
    ] = "model",
    method: Annotated[
        Literal["umap", "pca"], typer.Option(help="How to come to two dimensions.")
    ] = "umap",
    metric: Annotated[Literal["cosine", "euclid"], typer.Option(help="What is near.")] = "cosine",
    cells: Annotated[int, typer.Option(min=2, help="Cells to draw at random.")] = 2000,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw and the map.")] = 0,
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("map.html"),
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Map cells by how alike they are: a page with each cell's picture under the pointer.

    Example: laveran study map train_data.zip train_labels.csv --out map.html
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.embedding.cell_map import map_cells

        with show.progress() as watch:
            found = map_cells(
                data,
                labels,
                out=out,
                model=model,
                embedding=embedding,
                method=method,
                metric=metric,
                cells=cells,
                patients=patients or (),
                seed=seed,
                watch=watch,
            )
    show.notes(found.embedded.notes)
    show.skipped(found.embedded.skipped, None)
    if json:
        show.as_json(found.to_json())
        return
    _show(found)
    typer.echo(f"page {out}")


def _show(found: EmbeddingMap) -> None:
    """The figures of a map, one a line."""
    from laveran.cli import show

    typer.echo(f"  {'trustworthiness of the map':<50}{found.kept.trustworthiness:.4f}")
    typer.echo(f"  {'neighbours kept by the map':<50}{found.kept.shared:.4f}")
    for of, purities in found.purities.items():
        typer.echo(f"neighbours, {of}:")
        for purity in purities:
            written = show.figure(purity.share.to_json())
            typer.echo(f"  {purity.what:<50}{written}, by chance {purity.chance:.4f}")
