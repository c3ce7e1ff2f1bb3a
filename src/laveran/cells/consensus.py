"""What cells show, by their published labels and by the people who read them again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.cells.names import NameIndex
from laveran.cells.readings import CellReading
from laveran.errors import LabelsError


@dataclass(frozen=True)
class Consensus:
    """Of every cell, what its readers say together.

    Attributes:
        targets: float32 [N], the probability that a careful reader sees a parasite; the label
            where nobody read the cell.
        n_read: How many cells somebody read, those of control patients apart.
        n_contradicted: Of how many of them the readers contradict the label.
        n_doubted: Of how many more they doubt it.
        agreed: By part, the names of cells that all readers read alike and with certainty, with
            what they say.
    """

    targets: NDArray[np.float32]
    n_read: int
    n_contradicted: int
    n_doubted: int
    agreed: Mapping[str, Mapping[str, int]]

    @property
    def checksum(self) -> str:
        """SHA-256 of all of it."""
        rest = (self.n_read, {part: dict(sorted(of.items())) for part, of in self.agreed.items()})
        return hashlib.sha256(self.targets.tobytes() + repr(rest).encode()).hexdigest()


def consensus(manifest: Manifest, tables: Sequence[Sequence[CellReading]]) -> Consensus:
    """What the readers of labelled cells say together.

    A cell's target is the mean vote of its readers: 1 who is sure of a parasite, 0 who is sure of
    none. Who is unsure votes 1/2 where the label says "parasitized", for many such labels are
    wrong, and 0 where it says "uninfected", for hardly any of those is. Cells of control patients
    keep their label: there is no parasite to be seen.

    Args:
        manifest: The cells, all labelled.
        tables: What each reader read, at least one table.

    Raises:
        LabelsError: As `by_cell`.

    Example:
        >>> from laveran.cells.manifest import Cell
        >>> cells = [Cell(f"{n}.png", 1, "A", "A1", 9, 9, "0", "a.zip") for n in range(3)]
        >>> first = [CellReading("0.png", 0), CellReading("1.png", None)]
        >>> second = [CellReading("0.png", 0), CellReading("1.png", 0)]
        >>> consensus(Manifest(tuple(cells)), [first, second]).targets.tolist()
        [0.0, 0.25, 1.0]
    """
    labels, controls = manifest.labels, manifest.controls
    readers = by_cell(manifest.names, tables)
    targets = labels.astype(np.float32)
    n_read = 0
    for cell, name in enumerate(manifest.names):
        said = [reader[name].reading for reader in readers if name in reader]
        if said and not controls[cell]:
            n_read += 1
            targets[cell] = np.mean([labels[cell] / 2 if one is None else one for one in said])
    gap = np.abs(targets - labels)
    contradicted, doubted = int((gap > 0.5).sum()), int(((gap > 0) & (gap <= 0.5)).sum())
    return Consensus(targets, n_read, contradicted, doubted, agreed(readers))


def by_cell(
    names: Sequence[str], tables: Sequence[Sequence[CellReading]]
) -> list[dict[str, CellReading]]:
    """What each reader says, by the names of the cells; readings of other cells are passed over.

    Raises:
        LabelsError: If a table holds none of the cells, a name means several of them, or one
            reader says two things of a cell.
    """
    index = NameIndex(names)
    readers = []
    for table in tables:
        reader: dict[str, CellReading] = {}
        for read in table:
            name = index.find(read.name)
            if name is None:
                continue
            if reader.setdefault(name, read).reading != read.reading:
                raise LabelsError(f"{name} has two readings by one reader; keep one of them")
        if not reader:
            raise LabelsError(
                f"none of the {len(table)} cells that were read"
                + (f", such as {table[0].name!r}, " if table else " ")
                + "is in the data; if the readings hold a page's ids, give its --key"
            )
        readers.append(reader)
    return readers


def agreed(readers: Sequence[Mapping[str, CellReading]]) -> dict[str, dict[str, int]]:
    """By part, the cells that every reader read alike and with certainty.

    Args:
        readers: What each says, as from `by_cell`, at least one.

    Example:
        >>> first = {"a": CellReading("a", 1, "random"), "b": CellReading("b", 0, "random")}
        >>> second = {"a": CellReading("a", 1, "random"), "b": CellReading("b", None, "random")}
        >>> agreed([first, second])
        {'random': {'a': 1}}
    """
    parts: dict[str, dict[str, int]] = {}
    for name, read in readers[0].items():
        said = {(r[name].reading, r[name].part) if name in r else None for r in readers}
        if said == {(read.reading, read.part)} and read.reading is not None:
            parts.setdefault(read.part, {})[name] = read.reading
    return parts
