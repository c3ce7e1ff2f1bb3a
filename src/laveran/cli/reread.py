"""`laveran reread`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from laveran.audit.reread_score import RereadScore


def reread(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA [LABELS] | READINGS...",
            help="Zip or folder of cell pictures, and CSV of names and labels; with --score the "
            "tables that the page saved, one a reader.",
        ),
    ],
    sample: Annotated[int, typer.Option(min=0, help="Cells drawn at random from all.")] = 300,
    disputed: Annotated[
        Path | None,
        typer.Option(help="Folder of a finished run: adds cells whose label it contradicts."),
    ] = None,
    disputed_count: Annotated[int, typer.Option(min=1, help="How many of those.")] = 150,
    out: Annotated[Path, typer.Option(help="Page to write; its key goes beside it.")] = Path(
        "reread.html"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample and its order.")] = 0,
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    score: Annotated[
        bool, typer.Option("--score", help="Score readings instead of writing a page.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(help="With --score: the key that was written beside the page.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Have cells re-read blind: a page that shows them without label or prediction, and its score.

    Score what was read: laveran reread --score readings.csv --key reread_key.csv

    Example: laveran reread train_data.zip train_labels.csv --sample 300 --disputed runs/first
    """
    if score:
        _score(paths, key, json=json)
        return
    if len(paths) > 2:
        raise typer.BadParameter("give DATA and LABELS, no more; or --score and tables of readings")
    from laveran.audit.reread import reread as library_reread
    from laveran.cli import show

    data, labels = paths if len(paths) == 2 else (paths[0], None)
    with show.progress() as watch:
        made = library_reread(
            data,
            labels,
            out=out,
            sample=sample,
            disputed=disputed,
            disputed_count=disputed_count,
            seed=seed,
            patients=patients or (),
            watch=watch,
        )
    show.notes(made.notes)
    show.skipped(made.skipped, None)
    summary = made.to_json()
    if json:
        show.as_json(summary)
        return
    typer.echo(f"{made.page}: {len(made.rows):,} cells, {summary['n_random']:,} of them at random")
    typer.echo(f"{made.key}: what the ids stand for; keep it from whoever reads")


def _score(readings: list[Path], key: Path | None, *, json: bool) -> None:
    """Score tables of readings."""
    from laveran.audit.reread_score import score_readings
    from laveran.cli import show

    if key is None:
        raise typer.BadParameter("--score needs --key, the file that was written beside the page")
    found = score_readings(readings, key)
    if json:
        show.as_json(found.to_json())
        return
    _show(found)


def _show(found: RereadScore) -> None:
    """Label noise of each reader, then the agreement of each pair."""
    from laveran.cli import show

    values: Mapping[str, Any] = found.to_json()
    for reader in values["readers"]:
        for part, noise in reader["noise"].items():
            typer.echo(f"{reader['path']}, {part} part:")
            show.figures(noise)
    for pair in values["pairs"]:
        for part, agreement in pair["agreement"].items():
            typer.echo(f"{pair['first']} and {pair['second']}, {part} part:")
            show.figures(agreement)
