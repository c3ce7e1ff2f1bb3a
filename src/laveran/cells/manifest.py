"""The manifest: one row a cell. Everything downstream takes one, never a bare folder."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.errors import DataError

UNKNOWN = -1  # the label of a cell nobody has labelled, in arrays
CLASSES = ("uninfected", "parasitized")  # index = label


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture of one cell and what is known about it.

    Attributes:
        name: Path of the picture inside its source, unique in a manifest.
        label: 1 parasitized, 0 uninfected, None unknown.
        patient: Who the blood is from; None when nothing tells.
        photo: The photograph the cell was cut from; None when nothing tells.
        width: Width in pixels as decoded (EXIF's rotation applied).
        height: Height in pixels as decoded.
        sha256: Hex digest of the picture's bytes.
        source: The zip, folder or file that holds the picture.
    """

    name: str
    label: int | None
    patient: str | None
    photo: str | None
    width: int
    height: int
    sha256: str
    source: str


_LABELS = {"": None, "0": 0, "1": 1}
COLUMNS = tuple(field.name for field in fields(Cell))


@dataclass(frozen=True)
class Manifest(Sequence[Cell]):
    """An ordered, immutable table of cells with unique names.

    Raises:
        DataError: If two cells have the same name.

    Example:
        >>> cell = Cell("a.png", 1, "P1", None, 64, 64, "00", "cells.zip")
        >>> manifest = Manifest((cell,))
        >>> len(manifest), manifest.labels.tolist(), manifest[0].patient
        (1, [1], 'P1')
    """

    cells: tuple[Cell, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for cell in self.cells:
            if cell.name in seen:
                raise DataError(f"the manifest names {cell.name!r} twice; keep one row a cell")
            seen.add(cell.name)

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.cells)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> Manifest: ...
    def __getitem__(self, index: int | slice) -> Cell | Manifest:
        if isinstance(index, slice):
            return Manifest(self.cells[index])
        return self.cells[index]

    @property
    def names(self) -> list[str]:
        """The names, in order."""
        return [cell.name for cell in self.cells]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The labels [N], `UNKNOWN` (-1) where there is none."""
        return np.array(
            [UNKNOWN if cell.label is None else cell.label for cell in self.cells], dtype=np.int64
        )

    @property
    def patients(self) -> NDArray[np.str_]:
        """The patients [N], the empty string where none is known."""
        return np.array([cell.patient or "" for cell in self.cells], dtype=np.str_)

    @property
    def groups(self) -> NDArray[np.str_]:
        """What may not be torn apart by a split [N]: patient, else photo, else the cell itself."""
        return np.array(
            [cell.patient or cell.photo or cell.name for cell in self.cells], dtype=np.str_
        )

    @property
    def grouping(self) -> str:
        """The coarsest unit that every cell has: "patient", "photo" or "cell"."""
        if self.cells and all(cell.patient for cell in self.cells):
            return "patient"
        if self.cells and all(cell.patient or cell.photo for cell in self.cells):
            return "photo"
        return "cell"

    @property
    def controls(self) -> NDArray[np.bool_]:
        """Whether a cell is of a patient without any parasitized cell [N].

        None is where patients are not known: an uninfected photo or cell makes no control.
        """
        if self.grouping != "patient":
            return np.zeros(len(self), dtype=np.bool_)
        return ~np.isin(self.groups, self.groups[self.labels == 1])

    def places(self, names: Iterable[str]) -> NDArray[np.int64]:
        """Where the cells of these names stand [n], in the order of the names.

        Raises:
            KeyError: If there is no cell of a name.
        """
        place = {name: index for index, name in enumerate(self.names)}
        return np.array([place[name] for name in names], dtype=np.int64)

    def select(self, indexes: Iterable[int]) -> Manifest:
        """The cells at `indexes` (integers, or a boolean mask turned by `np.flatnonzero`)."""
        return Manifest(tuple(self.cells[int(index)] for index in indexes))

    @property
    def checksum(self) -> str:
        """Hex SHA-256 over every cell's name, label, patient and picture bytes, in order."""
        digest = hashlib.sha256()
        for cell in self.cells:
            row = (cell.name, cell.label, cell.patient, cell.sha256)
            digest.update(repr(row).encode())
        return digest.hexdigest()

    def write(self, path: Path | str) -> None:
        """Write `path` as UTF-8 CSV with the columns of `Cell`, whole or not at all."""
        files.write_csv(path, COLUMNS, map(astuple, self.cells))


def read_manifest(path: Path | str) -> Manifest:
    """Read a manifest that `Manifest.write` wrote; further columns are ignored.

    Raises:
        DataError: If the file is missing, or lacks a column, or a row cannot be understood.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            missing = sorted(set(COLUMNS) - set(rows.fieldnames or ()))
            if missing:
                raise DataError(f"{path} is no manifest: it lacks {', '.join(missing)}")
            return Manifest(tuple(_cell(path, number, row) for number, row in enumerate(rows, 2)))
    except OSError as error:
        raise DataError(f"cannot read the manifest {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is no manifest: it is not a CSV in UTF-8 ({error})") from error


def _cell(path: Path | str, line: int, row: dict[str, str]) -> Cell:
    """A CSV row as a cell."""
    if None in row.values():
        raise DataError(f"{path}, line {line}: the row is cut off")
    try:
        return Cell(
            name=row["name"],
            label=_LABELS[row["label"]],
            patient=row["patient"] or None,
            photo=row["photo"] or None,
            width=int(row["width"]),
            height=int(row["height"]),
            sha256=row["sha256"],
            source=row["source"],
        )
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}, line {line}: not a row of a manifest ({error})") from error
