"""What all commands show alike: progress, JSON, what was skipped, notes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import typer

from laveran.cli.outcome import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from laveran.cells.skipped import Skipped
    from laveran.metrics import Leaderboard
    from laveran.model.prediction import Watch

QUIET_S = 60  # between lines of progress where there is no terminal
SHOWN = 5  # skipped pictures listed on the screen where a file has all


@contextmanager
def progress() -> Iterator[Watch]:
    """A progress bar with ETA and live figures on the terminal; a line a minute elsewhere.

    Yields:
        A function of (what is being done, done, total or None, figures).
    """
    if not sys.stderr.isatty():
        yield _line_a_minute()
        return
    from rich import progress as bars
    from rich.console import Console

    with bars.Progress(
        bars.TextColumn("{task.description:<18}"),
        bars.BarColumn(bar_width=28),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("eta"),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[figures]}"),
        console=Console(stderr=True),
    ) as bar:
        tasks: dict[str, bars.TaskID] = {}

        def watch(stage: str, done: int, total: int | None, figures: Mapping[str, float]) -> None:
            shown = _in_a_line(figures)
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total, figures=shown)
            bar.update(tasks[stage], completed=done, total=total, figures=shown)

        yield watch


def _line_a_minute() -> Watch:
    """Progress for a log file: what takes less than a minute says nothing."""
    last = monotonic()

    def watch(stage: str, done: int, total: int | None, figures: Mapping[str, float]) -> None:
        nonlocal last
        if monotonic() - last >= QUIET_S:
            last = monotonic()
            of_all = f" of {total:,}" if total else ""
            typer.echo(f"{stage}: {done:,}{of_all}  {_in_a_line(figures)}".rstrip(), err=True)

    return watch


def _in_a_line(figures: Mapping[str, float]) -> str:
    """Live figures side by side."""
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())


def as_json(value: Any) -> None:
    """Print `value` as JSON on standard output."""
    typer.echo(json.dumps(value, indent=2))


def notes(sentences: Sequence[str]) -> None:
    """Loud findings, on standard error."""
    for sentence in sentences:
        typer.secho(f"note: {one_line(sentence)}", err=True, fg=typer.colors.YELLOW)


def skipped(rows: Sequence[Skipped], file: Path | None) -> None:
    """What was skipped, on standard error: the first few where `file` lists all."""
    if not rows:
        return
    where = f", all listed in {file}" if file else ""
    typer.secho(f"{len(rows):,} skipped{where}:", err=True, fg=typer.colors.YELLOW)
    shown = rows[:SHOWN] if file else rows
    for row in shown:
        typer.echo(f"  {one_line(row.name)}: {one_line(row.reason)}", err=True)
    if len(rows) > len(shown):
        typer.echo(f"  and {len(rows) - len(shown):,} more", err=True)


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


def figures(values: Mapping[str, Mapping[str, float | None] | int | None]) -> None:
    """Figures by name, one a line."""
    for name, value in values.items():
        typer.echo(f"  {name.replace('_', ' '):<32}{figure(value)}")


def operating_points(
    points: Mapping[str, Mapping[str, Mapping[str, float | None] | int | None]],
) -> None:
    """What each operating point does, one a line."""
    typer.echo("at the operating points:")
    for name, of in points.items():
        shown = ", ".join(f"{what} {figure(value)}" for what, value in of.items())
        typer.echo(f"  {name:<20}{shown}")


def figure(value: Mapping[str, float | None] | int | None) -> str:
    """A figure with its interval, as in `0.959 (0.951-0.966)`."""
    if not isinstance(value, Mapping):
        return f"{value:,}" if isinstance(value, int) else "undefined"
    if value["value"] is None:
        return "undefined"
    if value["low"] is None:
        return f"{value['value']:.4f}"
    return f"{value['value']:.4f} ({value['low']:.4f}-{value['high']:.4f})"
