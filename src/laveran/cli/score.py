"""`laveran score`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def score(
    submission: Annotated[Path, typer.Argument(help="CSV of names and 0 or 1.")],
    truth: Annotated[Path, typer.Argument(help="CSV of names and true labels.")],
    public_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of cells on the public leaderboard.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the public half.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score a submission as the homework does: accuracy on a public and a private half.

    Example: laveran score submission.csv truth.csv
    """
    from laveran.cells.labels import read_truth
    from laveran.cli import show
    from laveran.metrics.leaderboard import score as library_score

    true = read_truth(truth)
    board = library_score(read_truth(submission), true, public_share, seed)
    if len(set(true.values())) == 1:
        show.notes([f"all of {truth} is of one class, as in a sample submission: is it the truth?"])
    if json:
        show.as_json(asdict(board))
        return
    typer.echo(show.leaderboard(board))
    typer.echo(f"public half {board.n_public:,} cells, private half {board.n_private:,} cells")
