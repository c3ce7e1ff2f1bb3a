"""Focus stacks: one cell photographed at several heights, as a multi-page TIFF or a folder."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.cells.archive import DEFAULT_LIMITS, Source, open_source
from laveran.cells.facts import Fact, gather_facts
from laveran.cells.headers import tiff_pages
from laveran.cells.labels import read_labels
from laveran.cells.listing import Entry, Limits
from laveran.cells.manifest import Cell, Manifest
from laveran.cells.names import NameIndex
from laveran.cells.patients import read_patients
from laveran.cells.pictures import MAX_PIXELS, decode, picture_size
from laveran.cells.skipped import Skipped
from laveran.cells.tables import read_table
from laveran.errors import ArchiveError, LabelsError, PictureError

Planes = NDArray[np.uint8]  # [P, H, W, 3] RGB
_TIFF = (".tif", ".tiff")
_DIGITS = re.compile(r"([0-9]+)")


@dataclass(frozen=True, slots=True)
class StackReading:
    """What was read.

    Attributes:
        manifest: A row a stack, in the order of the source.
        stacks: What `transform` made of each.
        skipped: Every stack and every row of labels that was left out, and why.
    """

    manifest: Manifest
    stacks: tuple[Any, ...]
    skipped: tuple[Skipped, ...]


def read_stacks(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    patients: Sequence[Path | str] = (),
    limits: Limits = DEFAULT_LIMITS,
    transform: Callable[[Planes], Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StackReading:
    """Read every focus stack of a zip or folder.

    A TIFF of several pages is a stack, its pages are the planes. All other pictures are planes of
    the stack that their folder is: its name is the cell's, and the planes are sorted by their
    names as people count (`z2.png` before `z10.png`). Labels and patients are found as
    `cells.reading.read_cells` finds them.

    Args:
        data: A zip or a folder.
        labels: A table of names and labels; None where folders are the classes.
        patients: Tables of patients.
        limits: What the source may ask of memory and time.
        transform: What to keep of a stack uint8 [P, H, W, 3]; all of it by default.
        progress: Called with the number of stacks done, and of all.

    Raises:
        ArchiveError: If the source, or every stack in it, cannot be read.
        LabelsError: If a table cannot be used, or names none of the stacks.
    """
    table = None if labels is None else read_labels(labels)
    cells: list[Cell] = []
    kept: list[Any] = []
    with open_source(data, limits) as source:
        holding = _Stacks(source)
        facts = gather_facts(holding, table, read_patients(patients))
        skipped = [*source.skipped, *facts.skipped]
        for done, (name, fact) in enumerate(facts.by_picture.items(), 1):
            try:
                planes, digest = holding.read(name)
            except PictureError as error:
                skipped.append(Skipped(name, str(error)))
            else:
                cells.append(_cell(name, fact, planes, digest, str(data)))
                kept.append(transform(planes) if transform else planes)
            if progress:
                progress(done, len(facts.by_picture))
    if not cells:
        name, reason = skipped[-1]
        raise ArchiveError(f"no focus stack in {data} can be read; the last, {name!r}: {reason}")
    return StackReading(Manifest(tuple(cells)), tuple(kept), tuple(skipped))


def decode_stack(data: bytes) -> Planes:
    """The pages of a TIFF in memory as planes, RGB uint8 [P, H, W, 3].

    Raises:
        PictureError: If it is no TIFF, has one page only, its pages differ in size, or one of
            them is damaged.

    Example:
        >>> pages = [np.full((4, 5, 3), level, np.uint8) for level in (10, 20)]
        >>> decode_stack(cv2.imencodemulti(".tif", pages)[1].tobytes())[:, 0, 0, 0].tolist()
        [10, 20]
    """
    sizes = tiff_pages(data)
    _check_sizes(sizes)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # we raise what it prints
    try:
        _, pages = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise PictureError("damaged: the TIFF cannot be decoded") from error
    if len(pages) != len(sizes):
        raise PictureError(f"damaged: page {len(pages) + 1} of {len(sizes)} cannot be decoded")
    return np.stack([cv2.cvtColor(page, cv2.COLOR_BGR2RGB) for page in pages]).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Focus:
    """Which plane of a stack is known to be in focus, counted from 0.

    Attributes:
        cell: For the red cell.
        parasites: For its parasites; None where there are none.
    """

    cell: int
    parasites: int | None


def read_focus(path: Path | str, names: Sequence[str]) -> dict[str, Focus]:
    """The known focus of stacks: a CSV with `img_name`, `cell_plane` and `parasite_plane`.

    Args:
        path: The table; `parasite_plane` is empty where there are no parasites.
        names: Of the stacks; a row that means none of them is passed over.

    Returns:
        By name of stack.

    Raises:
        LabelsError: If it cannot be read, lacks a column, or a plane is no number.
    """
    index = NameIndex(names)
    table = read_table(path)
    wanted = ("imgname", "cellplane", "parasiteplane")  # as `plain` has them
    name_at, cell_at, parasites_at = (table.column((name,)) for name in wanted)
    if name_at is None or cell_at is None or parasites_at is None:
        raise LabelsError(f"{path} needs the columns img_name, cell_plane and parasite_plane")
    known: dict[str, Focus] = {}
    for row in table.rows[1:]:
        try:
            found = index.find(row.cells[name_at])
            parasites = row.cells[parasites_at].strip()
            focus = Focus(int(row.cells[cell_at]), int(parasites) if parasites else None)
        except (ValueError, IndexError) as error:
            raise LabelsError(f"{path}, line {row.line}: not a row of planes ({error})") from error
        if found is not None:
            known[found] = focus
    return known


def natural(name: str) -> list[str | tuple[int, str]]:
    """A key that sorts names as people count.

    >>> sorted(["z10.png", "z2.png", "Z1.png"], key=natural)
    ['Z1.png', 'z2.png', 'z10.png']
    """
    parts = _DIGITS.split(name)  # digits stand at odd places
    numbers = [number.lstrip("0") for number in parts[1::2]]
    key: list[str | tuple[int, str]] = [part.lower() for part in parts]
    key[1::2] = [(len(number), number) for number in numbers]  # of any length, unlike int
    return key


def _check_sizes(sizes: Sequence[tuple[int, int]]) -> None:
    """Refuse planes (width, height) that make no stack."""
    if len(sizes) < 2:
        raise PictureError(f"a focus stack needs two planes or more, this has {len(sizes)}")
    for number, size in enumerate(sizes, 1):
        if size != sizes[0]:
            one, other = (f"{width} x {height}" for width, height in (sizes[0], size))
            raise PictureError(f"plane 1 has {one} pixels, plane {number} has {other}")
    width, height = sizes[0]
    if width * height * len(sizes) > MAX_PIXELS:
        raise PictureError(
            f"too large: {len(sizes)} planes of {width} x {height} pixels, "
            f"the limit is {MAX_PIXELS // 1_000_000} million together"
        )


class _Stacks:
    """The pictures of a source, put together to stacks.

    Attributes:
        path: What was opened.
        skipped: What was left out, and why.
        by_name: The pictures of each stack: one TIFF, or planes in order.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.path, self.skipped = source.path, source.skipped
        stacks: dict[str, list[Entry]] = {}
        folders: dict[str, list[Entry]] = defaultdict(list)
        for entry in source.entries:
            if self._has_pages(entry):
                stacks[entry.name] = [entry]
            else:
                folders[entry.name.rpartition("/")[0]].append(entry)
        for folder, planes in folders.items():
            lonely = len(planes) == 1  # then it is the picture that is at fault, not its folder
            name = planes[0].name if lonely else folder or source.path.stem
            stacks[name] = sorted(planes, key=lambda entry: natural(entry.name))
        self.by_name = stacks

    def read(self, name: str) -> tuple[Planes, str]:
        """The planes uint8 [P, H, W, 3] of a stack, and a checksum of their bytes.

        Raises:
            PictureError: If it cannot be read, or is no stack.
        """
        entries = self.by_name[name]
        contents = [self._source.read(entry) for entry in entries]
        digest = hashlib.sha256(b"".join(contents)).hexdigest()
        if self._has_pages(entries[0]):
            return decode_stack(contents[0]), digest
        planes = []
        _check_sizes([picture_size(content) for content in contents])
        for entry, content in zip(entries, contents, strict=True):
            try:
                planes.append(decode(content))
            except PictureError as error:
                raise PictureError(f"plane {entry.name.rpartition('/')[2]!r}: {error}") from error
        _check_sizes([(plane.shape[1], plane.shape[0]) for plane in planes])  # some were turned
        return np.stack(planes), digest

    def _has_pages(self, entry: Entry) -> bool:
        """Whether a picture is a TIFF of several pages; one that cannot be read is not."""
        if not entry.name.lower().endswith(_TIFF):
            return False
        try:
            return len(tiff_pages(self._source.read(entry))) > 1
        except PictureError:
            return False


def _cell(name: str, fact: Fact, planes: Planes, digest: str, source: str) -> Cell:
    _, height, width, _ = planes.shape
    return Cell(name, fact.label, fact.patient, fact.photo, width, height, digest, source)
