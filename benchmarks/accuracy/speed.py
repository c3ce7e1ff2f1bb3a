"""How fast the methods are side by side: from pictures in memory to probabilities."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from accuracy.forest import EMFET, Emfet
from accuracy.method import Judge, Picture, in_threads
from laveran.cells.manifest import Manifest
from timing import Figures

TIMED = (
    "Cells a second: from decoded RGB pictures of their own sizes in memory to probabilities, "
    "resizing and normalising among it; reading, decoding and start-up do not count. Batches of "
    "64 go to {cores} threads, every library keeping to one thread within them (emfet: features "
    "one by one in {cores} threads, then its forest once for all cells, in as many). The methods "
    "take turns on the same {cells:,} cells; median of {rounds} rounds."
)


@contextmanager
def contenders(
    judges: Mapping[str, Judge],
    emfet: Emfet | None,
    cells: Manifest,
    pictures: Mapping[str, Picture],
    folder: Path,
    threads: int,
) -> Iterator[list[Callable[[], Figures]]]:
    """All methods, ready to take turns on `cells`."""
    shown = [pictures[name] for name in cells.names]
    ready: list[Callable[[], Figures]] = [
        partial(_timed, name, judge, shown, threads) for name, judge in judges.items()
    ]
    with ExitStack() as stack:
        if emfet:
            server = stack.enter_context(emfet.serving(cells, folder))
            ready.append(lambda: {EMFET: len(cells) / server.seconds()})
        yield ready


def _timed(name: str, judge: Judge, pictures: list[Picture], threads: int) -> Figures:
    """Cells a second of one pass."""
    started = time.perf_counter()
    in_threads(judge, pictures, threads)
    return {name: len(pictures) / (time.perf_counter() - started)}
