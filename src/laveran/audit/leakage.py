"""Leaks over a split that somebody made: the same patient, or the same picture, on both sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from laveran.cells.labels import IMAGE_COLUMNS
from laveran.cells.names import NameIndex
from laveran.cells.tables import read_table
from laveran.errors import LabelsError

SPLIT_COLUMNS = ("part", "split", "fold", "subset", "partition", "set")


@dataclass(frozen=True, slots=True)
class Leak:
    """A patient (or photo) with cells in more than one part.

    Attributes:
        group: Who it is.
        cells: How many cells in each part.
    """

    group: str
    cells: dict[str, int]


def read_split(path: Path | str, names: Sequence[str]) -> tuple[str, ...] | None:
    """The part of each cell [N] as a table's column `part`, `split` or `fold` tells it.

    Args:
        path: A table of labels, a manifest or a run's `cells.csv`.
        names: Names of the cells [N].

    Returns:
        The parts, the empty string where the table says nothing; None if it has no such column.

    Raises:
        LabelsError: If the table cannot be read, or a name in it means several cells.
    """
    table = read_table(path)
    image, part = table.column(IMAGE_COLUMNS), table.column(SPLIT_COLUMNS)
    if image is None or part is None:
        return None
    index = NameIndex(names)
    found: dict[str, str] = {}
    for row in table.rows[1:]:
        if len(row.cells) > max(image, part):
            name = index.find(row.cells[image].strip())
            told = row.cells[part].strip()
            if name is not None and found.setdefault(name, told) != told:
                raise LabelsError(
                    f"{path}, line {row.line}: {name!r} is in {told!r}, but in "
                    f"{found[name]!r} further up"
                )
    return tuple(found.get(name, "") for name in names)


def find_leaks(groups: Sequence[str], parts: Sequence[str]) -> list[Leak]:
    """Groups with cells in several parts, those with most cells first.

    Args:
        groups: Patient (or what is known in its place) of each cell [N].
        parts: Part of each cell [N]; the empty string for cells in none.

    Example:
        >>> find_leaks(["A", "A", "B", "B"], ["train", "test", "train", "train"])
        [Leak(group='A', cells={'train': 1, 'test': 1})]
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for group, part in zip(groups, parts, strict=True):
        if part:
            counts[group][part] += 1
    leaks = [Leak(group, dict(cells)) for group, cells in counts.items() if len(cells) > 1]
    return sorted(leaks, key=lambda leak: (-sum(leak.cells.values()), leak.group))
