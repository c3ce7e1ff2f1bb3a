"""`laveran check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from laveran.audit.findings import Check


def check(
    data: Annotated[Path, typer.Argument(help="Zip or folder of cell pictures.")],
    labels: Annotated[
        Path | None,
        typer.Argument(
            help="CSV of names and labels, and parts of a split where there is one; not needed "
            "where folders are the classes."
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Folder of a finished run, best with folds: ranks suspected labels."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("check"),
    patients: Annotated[
        list[Path] | None,
        typer.Option(help="CSV of names and patients, or NIH's mapping; may be given twice."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the shortcut probe's folds.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check cells and labels: near-duplicates, leaks over splits, shortcuts, suspected labels.

    Findings are no error: the exit code is 1 only where the data or the run cannot be used.

    Example: laveran check train_data.zip train_labels.csv --model runs/first --out check
    """
    from laveran.audit.check import check as library_check
    from laveran.cli import show

    with show.progress() as watch:
        found = library_check(
            data,
            labels,
            model=model,
            out=out,
            patients=patients or (),
            seed=seed,
            watch=watch,
        )
    show.notes((*found.alarms, *found.notes))
    show.skipped(found.skipped, out / "left_out.csv")
    if json:
        show.as_json(found.to_json())
        return
    _show(found)
    typer.echo(f"page {out / 'check.html'}, lists beside it")


def _show(found: Check) -> None:
    """What a check found, one thing a line."""
    from laveran.cli import show

    for what, value in found.summary.rows().items():
        typer.echo(f"  {what:<32}{value:,}" if isinstance(value, int) else f"  {what:<32}{value}")
    typer.echo(f"  {'pairs of near-duplicates':<32}{len(found.twins):,}")
    for split in found.splits:
        typer.echo(f"  {'split':<32}{len(split.leaks):,} leaks, {split.source}")
    for probe in found.probes:
        typer.echo(f"  told by {probe.features}:")
        show.figures({"accuracy": probe.accuracy.to_json(), "auroc": probe.auroc.to_json()})
    if found.suspects:
        for label, name in enumerate(("uninfected", "parasitized")):
            typer.echo(f"  {'suspected, labelled ' + name:<32}{found.suspects.count(label):,}")
