"""`laveran study autoencoder` and `laveran study autoencoder-show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from laveran.study.autoencoder.outcome import AutoencoderStudy


def autoencoder(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV of names and labels; not needed where folders are the classes."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("autoencoder"),
    variational: Annotated[
        bool, typer.Option("--variational", help="Codes are Gaussians, pulled towards N(0, I).")
    ] = False,
    latent: Annotated[int, typer.Option(min=1, help="Numbers in a code.")] = 64,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the cells.")] = 20,
    beta: Annotated[
        float, typer.Option(min=0, help="Weight of the divergence; 1 fits the bound.")
    ] = 1.0,
    uninfected: Annotated[
        bool, typer.Option("--uninfected", help="Learn from uninfected cells alone.")
    ] = False,
    cells: Annotated[int, typer.Option(min=2, help="Cells to draw at random.")] = 2000,
    size: Annotated[int, typer.Option(min=8, help="Side of the cells, a multiple of 4 px.")] = 64,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw, the division, the fit.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a fit that was stopped.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Squeeze cells into a few numbers and draw them again; find strange ones; draw new ones.

    The labels are for measuring: the fit does not see them.

    Example: laveran study autoencoder train_data.zip train_labels.csv --variational --out vae
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.autoencoder.study import study_autoencoder

    with show.progress() as watch:
        found = study_autoencoder(
            data,
            labels,
            out=out,
            variational=variational,
            latent=latent,
            epochs=epochs,
            beta=beta,
            uninfected_only=uninfected,
            cells=cells,
            size_px=size,
            patients=patients or (),
            seed=seed,
            resume=resume,
            watch=watch,
        )
    show.notes(found.sample.notes)
    show.skipped(found.sample.skipped, None)
    if json:
        show.as_json(found.to_json())
        return
    _show(found)
    typer.echo(f"page {out / 'autoencoder.html'}, codes {out / 'codes.csv'}")


def autoencoder_show(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished study autoencoder.")],
    sample: Annotated[int, typer.Option(min=0, max=10_000, help="New cells to draw.")] = 0,
    interpolate: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two pictures of cells: the way from one to the other."),
    ] = None,
    anomaly: Annotated[
        Path | None, typer.Option(help="Zip or folder of cells: how strange each is.")
    ] = None,
    steps: Annotated[int, typer.Option(min=2, max=1_000, help="Cells on the way.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the new cells.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("autoencoder-show"),
) -> None:
    """Ask a finished autoencoder for new cells, a way between two cells, or anomaly scores.

    Example: laveran study autoencoder-show vae --sample 16 --interpolate one.png other.png
    """
    from laveran.cli import show
    from laveran.cli.outcome import training_side

    with training_side("study"):
        from laveran.study.autoencoder.show import show_autoencoder

    with show.progress() as watch:
        written = show_autoencoder(
            folder,
            out=out,
            sample=sample,
            interpolate=interpolate,
            anomaly=anomaly,
            steps=steps,
            seed=seed,
            watch=watch,
        )
    for path in written:
        typer.echo(path)


def _show(found: AutoencoderStudy) -> None:
    """The figures of a study, one a line."""
    from laveran.cli import show

    figures = found.figures
    lines = {
        "training cells, test cells": f"{figures.n_train:,}, {figures.n_test:,}",
        "error on cells, of 255 levels": f"{figures.error_on_cells:.1f}",
        "of as many components": f"{figures.pca_error_on_cells:.1f}",
        "error with black": f"{figures.error:.1f}",
        "of as many components, with black": f"{figures.pca_error:.1f}",
        "bound, nats a cell" if figures.divergence else "log density, nats": f"{figures.bound:.0f}",
        "divergence, nats a cell": f"{figures.divergence:.1f}",
        "seconds": f"{figures.seconds:.0f}",
    }
    for what, value in lines.items():
        typer.echo(f"  {what:<34}{value}")
    show.figures(
        {
            "anomaly auroc": figures.anomaly_auroc.to_json(),
            "negative bound auroc": figures.bound_auroc.to_json(),
        }
    )
