"""What was left out, and why: the quarantine list that every reader of many pictures keeps."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from laveran import files


class Skipped(NamedTuple):
    """One thing that was left out.

    Attributes:
        name: The picture's path in its source, or the name in a labels table.
        reason: Why, as the end of the sentence "it was left out: ...".
    """

    name: str
    reason: str


def write_skipped(path: Path | str, rows: Iterable[Skipped]) -> None:
    """Write `path` as UTF-8 CSV with the columns `name,reason`, whole or not at all.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "skipped.csv"
    >>> write_skipped(target, [Skipped("a.png", "empty (0 bytes)")])
    >>> target.read_text().splitlines()
    ['name,reason', 'a.png,empty (0 bytes)']
    """
    files.write_csv(path, Skipped._fields, rows)
