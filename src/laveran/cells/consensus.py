"""What cells show, by their published labels and by the people who read them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.cells.names import NameIndex
from laveran.cells.readings import RANDOM, CellReading, read_key, read_readings
from laveran.errors import LabelsError


@dataclass(frozen=True)
class Consensus:
    """Of every cell, what its readers say together.

    Attributes:
        targets: float32 [N], the probability that a careful reader sees a parasite; the label
            where nobody read the cell.
        n_read: How many cells somebody read.
        n_corrected: Of how many the readers contradict the label.
        alike: Names of the cells drawn at random that all readers read alike and with certainty,
            with what they say.
    """

    targets: NDArray[np.float32]
    n_read: int
    n_corrected: int
    alike: Mapping[str, int]

    @property
    def checksum(self) -> str:
        """SHA-256 of the targets."""
        return hashlib.sha256(self.targets.tobytes()).hexdigest()


def read_consensus(
    manifest: Manifest, readings: Sequence[Path | str], key: Path | str | None = None
) -> Consensus:
    """As `consensus`, from tables of names and readings, or of a page's ids and its `key`.

    Raises:
        LabelsError: If a table or the key cannot be used, or holds none of the cells.
    """
    page = read_key(key) if key else None
    return consensus(manifest, [read_readings(path, page) for path in readings])


def consensus(manifest: Manifest, tables: Sequence[Sequence[CellReading]]) -> Consensus:
    """What the readers of labelled cells say together.

    A cell's target is the mean vote of its readers: 1 who is sure of a parasite, 0 who is sure of
    none. Who is unsure votes 1/2 where the label says "parasitized", for many such labels are
    wrong, and 0 where it says "uninfected", for hardly any of those is. Cells of control patients
    keep their label: there is no parasite to be seen.

    Args:
        manifest: The cells, all labelled.
        tables: What each reader read.

    Raises:
        LabelsError: If a table holds none of the cells, or a name means several of them.

    Example:
        >>> from laveran.cells.manifest import Cell
        >>> cells = [Cell(f"{n}.png", 1, "A", "A1", 9, 9, "0", "a.zip") for n in range(3)]
        >>> first = [CellReading("0.png", 0), CellReading("1.png", None)]
        >>> second = [CellReading("0.png", 0), CellReading("1.png", 0)]
        >>> consensus(Manifest(tuple(cells)), [first, second]).targets.tolist()
        [0.0, 0.25, 1.0]
    """
    labels, index = manifest.labels, NameIndex(manifest.names)
    place = {name: number for number, name in enumerate(manifest.names)}
    votes: dict[int, list[float]] = {}
    for table in tables:
        found = [(index.find(read.name), read.reading) for read in table]
        if not any(name for name, _ in found):
            raise LabelsError(
                f"none of the {len(table)} cells that were read, such as {table[0].name!r}, is in "
                "the data; if the readings hold a page's ids, give its key"
            )
        for name, reading in found:
            if name is not None:
                cell = place[name]
                vote = labels[cell] / 2 if reading is None else reading
                votes.setdefault(cell, []).append(float(vote))
    targets = labels.astype(np.float32)
    controls = manifest.controls
    for cell, cast in votes.items():
        if not controls[cell]:
            targets[cell] = np.mean(cast)
    contradicted = np.abs(targets - labels) > 0.5
    alike = read_alike(tables).get(RANDOM, {})
    return Consensus(
        targets,
        len(votes),
        int(contradicted.sum()),
        {name: said for read, said in alike.items() if (name := index.find(read)) is not None},
    )


def read_alike(tables: Sequence[Sequence[CellReading]]) -> dict[str, dict[str, int]]:
    """By part, the names of cells that every reader read alike and with certainty.

    Args:
        tables: What each reader read, at least one table.

    Example:
        >>> first = [CellReading("a", 1), CellReading("b", 0), CellReading("c", None)]
        >>> read_alike([first, [CellReading("a", 1), CellReading("b", 1)]])
        {'random': {'a': 1}}
    """
    readers = [{read.name: read.reading for read in table} for table in tables]
    parts: dict[str, dict[str, int]] = {}
    for read in tables[0]:
        said = {reader.get(read.name) for reader in readers}
        if said == {read.reading} and read.reading is not None:
            parts.setdefault(read.part, {})[read.name] = read.reading
    return parts
