"""What blind readings say: label noise by class, and how well several readers agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from laveran.cells.manifest import UNKNOWN
from laveran.cells.readings import DISPUTED, RANDOM, CellReading, read_key, read_tables
from laveran.metrics.readings import UNSURE, Agreement, LabelNoise, agreement, label_noise

PARTS = (RANDOM, DISPUTED)


@dataclass(frozen=True)
class Reader:
    """One reader's readings against the labels.

    Attributes:
        path: The reader's table.
        noise: Label noise by part; "random" holds for the data set, "disputed" for itself.
    """

    path: str
    noise: dict[str, LabelNoise]


@dataclass(frozen=True)
class Pair:
    """Two readers of the same cells.

    Attributes:
        first: The table of one.
        second: The table of the other.
        agreement: Their agreement by part.
    """

    first: str
    second: str
    agreement: dict[str, Agreement]


@dataclass(frozen=True)
class RereadScore:
    """What all readers found, and how the readers of each pair agree."""

    readers: tuple[Reader, ...]
    pairs: tuple[Pair, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def score_readings(readings: Sequence[Path | str], key: Path | str) -> RereadScore:
    """Score tables of readings that a re-reading page saved.

    Args:
        readings: A table a reader.
        key: The key that was written beside the page.

    Raises:
        LabelsError: If a table or the key cannot be used.
    """
    known = read_key(key)
    labels = {row.name: int(row.label) if row.label else UNKNOWN for row in known.values()}
    tables = dict(zip(map(str, readings), read_tables(readings, key), strict=True))
    readers = tuple(Reader(path, _noise(rows, labels)) for path, rows in tables.items())
    pairs = tuple(
        Pair(first, second, _agreement(tables[first], tables[second]))
        for first, second in combinations(tables, 2)
    )
    return RereadScore(readers, pairs)


def _noise(rows: Sequence[CellReading], labels: dict[str, int]) -> dict[str, LabelNoise]:
    """Label noise in each part that was read."""
    of_part = {part: [row for row in rows if row.part == part] for part in PARTS}
    return {
        part: label_noise([labels[row.name] for row in read], [_answer(row) for row in read])
        for part, read in of_part.items()
        if read
    }


def _agreement(first: Sequence[CellReading], second: Sequence[CellReading]) -> dict[str, Agreement]:
    """Agreement on the cells of each part that both have read."""
    other = {row.name: row for row in second}
    both = [(row, other[row.name]) for row in first if row.name in other]
    of_part = {part: [pair for pair in both if pair[0].part == part] for part in PARTS}
    return {
        part: agreement([_answer(a) for a, _ in pairs], [_answer(b) for _, b in pairs])
        for part, pairs in of_part.items()
        if pairs
    }


def _answer(row: CellReading) -> int:
    """A reading as the metrics want it."""
    return UNSURE if row.reading is None else row.reading
