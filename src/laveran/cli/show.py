"""What all commands show alike: progress, JSON, what was skipped, notes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from laveran.cells.skipped import Skipped
    from laveran.metrics import Leaderboard

Watch = Callable[[str, int, int | None, Mapping[str, float]], None]

SHOWN = 5  # skipped pictures listed on the screen; the file has all


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Watch]:
    """A progress bar with ETA and live figures on the terminal; silent when there is none.

    Yields:
        A function of (what is being done, done, total or None, figures).
    """
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    with bars.Progress(
        bars.TextColumn("{task.description:<18}"),
        bars.BarColumn(bar_width=28),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("eta"),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[figures]}"),
        console=console,
        disable=quiet or not console.is_terminal,
    ) as bar:
        tasks: dict[str, bars.TaskID] = {}

        def watch(stage: str, done: int, total: int | None, figures: Mapping[str, float]) -> None:
            shown = "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total, figures=shown)
            bar.update(tasks[stage], completed=done, total=total, figures=shown)

        yield watch


def as_json(value: Any) -> None:
    """Print `value` as JSON on standard output."""
    typer.echo(json.dumps(value, indent=2))


def notes(sentences: Sequence[str]) -> None:
    """Loud findings, on standard error."""
    for sentence in sentences:
        typer.secho(f"note: {sentence}", err=True, fg=typer.colors.YELLOW)


def skipped(rows: Sequence[Skipped], listed_in: object) -> None:
    """The first of what was skipped, and where the whole list is; on standard error."""
    if not rows:
        return
    typer.secho(f"{len(rows)} skipped, all listed in {listed_in}:", err=True, fg="yellow")
    for row in rows[:SHOWN]:
        typer.echo(f"  {row.name}: {row.reason}", err=True)
    if len(rows) > SHOWN:
        typer.echo(f"  and {len(rows) - SHOWN} more", err=True)


def fetched(paths: Sequence[Path], *, json: bool) -> None:
    """The files that were fetched."""
    if json:
        as_json([str(path) for path in paths])
        return
    for path in paths:
        typer.echo(f"{path}  ({path.stat().st_size:,} bytes)")


def leaderboard(board: Leaderboard) -> str:
    """The leaderboard in one line."""
    halves = {"public": board.public, "private": board.private, "overall": board.overall}
    return ", ".join(
        f"{name} {'no cells' if value is None else f'{value:.4f}'}"
        for name, value in halves.items()
    )


def figure(value: Mapping[str, float | None] | int | None) -> str:
    """A figure with its interval, as in `0.959 (0.951-0.966)`."""
    if not isinstance(value, Mapping):
        return f"{value:,}" if isinstance(value, int) else "undefined"
    if value["value"] is None:
        return "undefined"
    if value["low"] is None:
        return f"{value['value']:.4f}"
    return f"{value['value']:.4f} ({value['low']:.4f}-{value['high']:.4f})"
