"""`laveran submit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def submit(
    submission: Annotated[Path, typer.Argument(help="CSV of ids and 0 or 1.")],
    competition: Annotated[str, typer.Option(help="The competition's name or address on Kaggle.")],
    message: Annotated[str, typer.Option(help="What to write beside it on Kaggle.")] = "Laveran",
    like: Annotated[
        Path | None,
        typer.Option(help="Sample submission: header, ids and order must be the same."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a submission and hand it to Kaggle through its official client (an extra, and a token).

    Example: laveran submit submission.csv --competition fighting-malaria --message "first try"
    """
    from laveran.cells.submission import submit as library_submit
    from laveran.cli import outcome, show

    receipt = library_submit(submission, competition, message=message, like=like)
    if json:
        show.as_json(receipt.to_json())
        return
    sent = receipt.submission
    typer.echo(f"{submission}: {sent.n_cells:,} cells, {sent.n_parasitized:,} called parasitized")
    typer.echo(f"Kaggle says: {outcome.one_line(receipt.answer)}")
    typer.echo(f"its score will be at {receipt.page}")
