"""Readings of cells by people, and the key that tells which cells a blind page showed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from laveran import files
from laveran.cells.labels import IMAGE_COLUMNS, LABEL_COLUMNS, parse_label
from laveran.cells.tables import Row, Table, plain, read_table
from laveran.errors import ConfigError, LabelsError

RANDOM, DISPUTED, UNSTATED = "random", "disputed", "unstated"
READING_COLUMNS = ("reading", "read", "answer", "verdict", *LABEL_COLUMNS)
PART_COLUMNS = ("part", "sample", "stratum")
_WORDS: dict[str, int | None] = {
    **dict.fromkeys(("p", "parasite"), 1),
    **dict.fromkeys(("n", "none"), 0),
    **dict.fromkeys(("u", "unsure", "uncertain", "unclear"), None),
}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """What an opaque id of a re-reading page stands for.

    Attributes:
        id: As on the page.
        name: The cell's name in its source.
        patient: Whose it is; empty where nothing tells.
        label: "1", "0", or empty.
        part: "random" or "disputed".
    """

    id: str
    name: str
    patient: str
    label: str
    part: str


@dataclass(frozen=True, slots=True)
class CellReading:
    """What a reader says of one cell.

    Attributes:
        name: The cell's name.
        reading: 1 parasite, 0 none, None unsure.
        part: How the cell came to be read: "random" (a simple random sample), "disputed", or what
            else its table says; "unstated" where it says nothing.
    """

    name: str
    reading: int | None
    part: str = UNSTATED


def write_key(path: Path | str, rows: Iterable[KeyRow]) -> None:
    """Write a key as UTF-8 CSV with the columns of `KeyRow`, whole or not at all."""
    files.write_csv(path, (field.name for field in fields(KeyRow)), map(astuple, rows))


def read_key(path: Path | str) -> dict[str, KeyRow]:
    """Read a key: its rows by id.

    Raises:
        LabelsError: If there is no such file, or it is no key.
    """
    table = read_table(path)
    names = [field.name for field in fields(KeyRow)]
    if list(table.header) != names:
        raise LabelsError(
            f"{path} is no key of a re-reading page: its columns are {', '.join(table.header)}, "
            f"not {', '.join(names)}"
        )
    cut_off = next((row.line for row in table.rows if len(row.cells) != len(names)), None)
    if cut_off is not None:
        raise LabelsError(f"{path}, line {cut_off}: not a row of a key")
    return {row.cells[0]: KeyRow(*row.cells) for row in table.rows[1:]}


def read_readings(
    path: Path | str, key: Mapping[str, KeyRow] | None = None
) -> tuple[CellReading, ...]:
    r"""Read a table of readings: what the page saves, or names and readings from elsewhere.

    A reading is `parasite`, `none` or `unsure` (or `p`, `n`, `u`, or a label's 1 and 0); rows
    without one were not read. A table of names may tell the part in a column `part`.

    Args:
        path: The table.
        key: What the ids of the page stand for; None where the table names the cells.

    Raises:
        LabelsError: If there is no such file, a column is missing, a reading cannot be understood,
            an id is not in the key, a cell has two readings, or there is none.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "readings.csv"
        >>> _ = path.write_text("img_name,reading\na.png,parasite\nb.png,unsure\nc.png,\n")
        >>> [(row.name, row.reading) for row in read_readings(path)]
        [('a.png', 1), ('b.png', None)]
    """
    table = read_table(path)
    columns = [table.column(names) for names in (IMAGE_COLUMNS, READING_COLUMNS, PART_COLUMNS)]
    if columns[0] is None or columns[1] is None:
        missing = "the cell (id or img_name)" if columns[0] is None else "its reading (reading)"
        raise LabelsError(f"{path} lacks a column with {missing}: it has {', '.join(table.header)}")
    found: dict[str, CellReading] = {}
    for row in table.rows[1:]:
        read = _reading(table, row, columns, key)
        if read and found.setdefault(read.name, read) != read:
            raise LabelsError(f"{path}, line {row.line}: the cell has another reading already")
    if not found:
        raise LabelsError(f"{path} holds no reading")
    return tuple(found.values())


def read_tables(
    readings: Sequence[Path | str], key: Path | str | None = None
) -> list[tuple[CellReading, ...]]:
    """What each reader read: `read_readings` of several tables, one a reader.

    Args:
        readings: The tables.
        key: The key of the page that they are from; None where they name the cells.

    Raises:
        ConfigError: If there is a key, but no table.
        LabelsError: If a table or the key cannot be used, or a table is given twice.
    """
    if key and not readings:
        raise ConfigError("a key without readings tells nothing; give --readings too")
    if len({Path(path).resolve() for path in readings}) < len(readings):
        raise LabelsError("the same table of readings is given twice; give one a reader")
    page = read_key(key) if key else None
    return [read_readings(path, page) for path in readings]


def _reading(
    table: Table, row: Row, columns: list[int | None], key: Mapping[str, KeyRow] | None
) -> CellReading | None:
    """A row as a reading; None for a cell that was not read."""
    where = f"{table.path}, line {row.line}"
    name, text, part = (
        row.cells[column].strip() if column is not None and column < len(row.cells) else ""
        for column in columns
    )
    if not text:
        return None
    word = plain(text)
    reading = _WORDS[word] if word in _WORDS else parse_label(text)
    if reading is None and word not in _WORDS:
        raise LabelsError(f"{where}: {text!r} is none of parasite, none and unsure")
    if key is None:
        return CellReading(name, reading, part or UNSTATED)
    if name not in key:
        raise LabelsError(f"{where}: {name!r} is not in the key; is it the key of another page?")
    return CellReading(key[name].name, reading, key[name].part)
