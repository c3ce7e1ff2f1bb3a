"""Processes that are timed, and contenders that take turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAVERAN = str(Path(sysconfig.get_path("scripts")) / "laveran")

Figures = dict[str, float]


@dataclass(frozen=True)
class Cost:
    """What a process took, from its start to its end.

    Attributes:
        seconds: By the clock on the wall.
        peak_mb: Most resident memory at once, in 10^6 bytes. Linux counts what the starting
            process had before `exec`, too: keep that one small.
        output: What it printed.
    """

    seconds: float
    peak_mb: float
    output: str


def whole_process(
    *command: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Cost:
    """Run `command` to its end; SystemExit with its last words if it fails.

    Args:
        *command: Program and arguments.
        environment: Variables to set besides those that are.
        folder: Where to run it; here if None.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)),
            env={**os.environ, **(environment or {})},
            cwd=folder,
            stdout=output,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{command[0]} failed: {errors.read()[-2000:]}")
        output.seek(0)
        unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes
        return Cost(seconds, usage.ru_maxrss * unit / 1e6, output.read())


def take_turns(contenders: Sequence[Callable[[], Figures]], rounds: int) -> list[Figures]:
    """Run all contenders one after the other, `rounds` times, so that all meet the same weather.

    A first round, in which files come into the cache, is not counted.

    Returns:
        What the contenders measured, a dict a round.
    """
    measured: list[Figures] = []
    for number in range(rounds + 1):
        figures: Figures = {}
        for contender in contenders:
            figures.update(contender())
        shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"round {number or '0 (not counted)'}: {shown}", file=sys.stderr, flush=True)
        measured.append(figures)
    return measured[1:]


def median(rounds: Sequence[Figures], name: str) -> float:
    """The median of what is called `name`."""
    return statistics.median(figures[name] for figures in rounds)


def ratio(rounds: Sequence[Figures], name: str, to: str) -> str:
    """The median over the rounds of one figure to another, with the lowest and the highest."""
    ratios = [figures[name] / figures[to] for figures in rounds]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
