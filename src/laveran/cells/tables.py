"""A CSV as people have it: any of three delimiters, a byte order mark, any line ending."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from laveran.errors import LabelsError

_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells as written, and the line of the file where it ends."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first row may be its header.

    Attributes:
        path: Where it was read.
        delimiter: `,`, `;` or a tab.
        rows: All rows that are not empty, the first included; at least one.
    """

    path: Path
    delimiter: str
    rows: tuple[Row, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The cells of the first row."""
        return self.rows[0].cells

    def column(self, names: Iterable[str]) -> int | None:
        """Where the first of `names` (as `plain` has them) that is in the header stands."""
        header = [plain(cell) for cell in self.header]
        return next((header.index(name) for name in names if name in header), None)


def plain(text: str) -> str:
    """Lower case, letters and digits only, as names of columns and classes are compared.

    >>> plain(" Img_Name "), plain("Non-infected")
    ('imgname', 'noninfected')
    """
    return "".join(letter for letter in text.lower() if letter.isalnum())


def read_table(path: Path | str) -> Table:
    r"""Read a CSV whose delimiter is `,`, `;` or a tab, in UTF-8 or (with its mark) UTF-16.

    Raises:
        LabelsError: If there is no such file, it is no text, or it has no row.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "labels.csv"
        >>> _ = path.write_bytes(b"\xef\xbb\xbfImage;Label\r\na.png;1\r\n")
        >>> table = read_table(path)
        >>> table.delimiter, table.header, table.rows[1].cells, table.column(["label"])
        (';', ('Image', 'Label'), ('a.png', '1'), 1)
    """
    path = Path(path)
    text = _text(path)
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        delimiter = max(_DELIMITERS, key=lambda candidate: len(_split(first, candidate)))
        rows = tuple(_rows(text, delimiter))
    except csv.Error as error:
        raise LabelsError(f"{path} cannot be read as a table: {error}") from error
    if not rows:
        raise LabelsError(f"{path} is empty; it should be a table with a header")
    return Table(path, delimiter, rows)


def _text(path: Path) -> str:
    """The file as text."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabelsError(f"cannot read the table {path}: {error.strerror}") from error
    if data.startswith(b"PK\3\4"):
        raise LabelsError(f"{path} is a zip or an Excel file; save the table as CSV")
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelsError(f"{path} is not text in UTF-8; save it as CSV in UTF-8") from error


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield Row(reader.line_num, tuple(cells))
