"""`laveran predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures, or one picture.")],
    model: Annotated[
        list[Path] | None,
        typer.Option(
            help="Run folder, model file, or shipped for the model that ships with Laveran (so if "
            "none); several answer together, by their mean log odds."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Submission to write.")] = Path("submission.csv"),
    like: Annotated[
        Path | None,
        typer.Option(help="Sample submission: header, ids and order are taken from it."),
    ] = None,
    probabilities: Annotated[
        Path | None, typer.Option(help="Also write the probability of each cell to this file.")
    ] = None,
    operating_point: Annotated[
        str | None,
        typer.Option(
            help="Threshold of the model by name (accuracy, probability=0.5, specificity=0.99, "
            "specificity=0.998); its default if none."
        ),
    ] = None,
    tta: Annotated[
        bool,
        typer.Option("--tta", help="Average over the eight flips and turns of each cell."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Write nothing if any picture cannot be read.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print a summary as JSON.")] = False,
) -> None:
    """Say of each cell whether it is parasitized: 1, or 0.

    A picture that cannot be read gets 0, is listed here and in skipped.csv beside the submission.

    Example: laveran predict test_data.zip --model runs/first --like sample_submission.csv
    """
    from laveran.cli import show
    from laveran.model.prediction import predict as library_predict

    with show.progress() as watch:
        result = library_predict(
            data,
            model=model,
            out=out,
            like=like,
            probabilities=probabilities,
            operating_point=operating_point,
            strict=strict,
            tta=tta,
            watch=watch,
        )
    show.notes(result.notes)
    show.skipped(result.skipped, result.skipped_file)
    if json:
        show.as_json(result.to_json())
        return
    typer.echo(
        f"{out}: {result.n_cells:,} cells, {result.n_parasitized:,} called parasitized "
        f"({result.operating_point}: from a probability of {result.threshold:.3f} on)"
    )
