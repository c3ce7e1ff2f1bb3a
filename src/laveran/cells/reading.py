"""From pictures, and whatever tells their labels and patients, to a manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.cells.archive import DEFAULT_LIMITS, open_source
from laveran.cells.facts import Fact, gather_facts
from laveran.cells.labels import read_labels
from laveran.cells.listing import Limits
from laveran.cells.manifest import CLASSES, Cell, Manifest
from laveran.cells.patients import read_patients
from laveran.cells.pictures import decode
from laveran.cells.skipped import Skipped
from laveran.cells.stream import map_stream
from laveran.errors import ArchiveError, PictureError


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read.

    Attributes:
        manifest: The cells, in the order of the source.
        skipped: Every picture and every row of labels that was left out, and why.
        notes: What the user must know, a sentence each.
    """

    manifest: Manifest
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def read_cells(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    patients: Mapping[str, str] | Sequence[Path | str] | Path | str = (),
    limits: Limits = DEFAULT_LIMITS,
    workers: int | None = None,
    transform: Callable[[NDArray[np.uint8]], Any] | None = None,
    on_picture: Callable[[int, Any], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Reading:
    """Read every cell of a zip or folder once: its label, patient, photograph, size and hash.

    Labels come from the table, else from folders named after the classes (`Parasitized/`,
    `Uninfected/`, in any case), else they are unknown; where there are labels, a picture
    without one is left out. Patients come from `patients`, else from the table's column, else
    from names as NIH's set has them. A picture that cannot be read is left out.

    Args:
        data: A zip, a folder or a single picture.
        labels: A table of names and labels; see `read_labels`.
        patients: Patients by name of picture, or the tables that tell them; see `read_patients`.
        limits: What the source may ask of memory and time.
        workers: Threads that decode; as many as cores by default.
        transform: What to make of a picture, RGB uint8 [H,W,3], for `on_picture`; it is called
            in the thread that decoded the picture. By default the picture itself is kept.
        on_picture: Called in order with the index of a cell in the manifest and what
            `transform` returned, so that a cache is filled in the same pass.
        progress: Called with the number of pictures done, and of all.

    Raises:
        ArchiveError: If the source, or every picture in it, cannot be read.
        LabelsError: If a table cannot be used, or names none of the pictures.

    Example:
        >>> import cv2, tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("Parasitized", "Uninfected"):
        ...     (folder / name).mkdir()
        ...     _ = cv2.imwrite(f"{folder / name}/C1P1ThinF_IMG_1_cell_1.png", np.zeros((2, 3, 3)))
        >>> reading = read_cells(folder)
        >>> reading.manifest.labels.tolist(), reading.manifest.patients.tolist()
        ([1, 0], ['C1P1', 'C1P1'])
    """
    table = None if labels is None else read_labels(labels)
    if isinstance(patients, Path | str):
        patients = (patients,)
    given = patients if isinstance(patients, Mapping) else read_patients(patients)
    look = _Look(transform, keep=on_picture is not None)
    cells: list[Cell] = []
    with open_source(data, limits) as source:
        facts = gather_facts(source, table, given)
        skipped = [*source.skipped, *facts.skipped]
        entries = [source.by_name[name] for name in facts.by_picture]
        views = map_stream(source, look, entries=entries, workers=workers)
        for done, (entry, view) in enumerate(views, 1):
            if isinstance(view, PictureError):
                skipped.append(Skipped(entry.name, str(view)))
            else:
                if on_picture:
                    on_picture(len(cells), view.kept)
                cells.append(_cell(entry.name, facts.by_picture[entry.name], view, str(data)))
            if progress:
                progress(done, len(entries))
    if not cells:
        name, reason = skipped[-1]
        raise ArchiveError(f"no picture in {data} can be read; the last, {name!r}, is {reason}")
    manifest = Manifest(tuple(cells))
    return Reading(manifest, tuple(skipped), tuple(_notes(manifest, len(skipped))))


@dataclass(frozen=True, slots=True)
class _View:
    """What is seen of a picture in one look."""

    width: int
    height: int
    sha256: str
    kept: Any


@dataclass(frozen=True, slots=True)
class _Look:
    """Looks at the bytes of a picture, in a thread."""

    transform: Callable[[NDArray[np.uint8]], Any] | None
    keep: bool

    def __call__(self, content: bytes) -> _View:
        image = decode(content)
        height, width, _ = image.shape
        kept = self.transform(image) if self.keep and self.transform else image
        sha256 = hashlib.sha256(content).hexdigest()
        return _View(width, height, sha256, kept if self.keep else None)


def _cell(name: str, fact: Fact, view: _View, source: str) -> Cell:
    return Cell(
        name=name,
        label=fact.label,
        patient=fact.patient,
        photo=fact.photo,
        width=view.width,
        height=view.height,
        sha256=view.sha256,
        source=source,
    )


def _notes(manifest: Manifest, n_skipped: int) -> Iterator[str]:
    """What the user must know of the cells, loudest first."""
    n_cells = len(manifest)
    if manifest.grouping != "patient":
        known = sum(cell.patient is not None for cell in manifest)
        who = f"the patient of only {known} of {n_cells} cells" if known else "no patient"
        yield (
            f"{who} can be told: cells are grouped by {manifest.grouping}, so that one patient "
            "may be on both sides of a split and every figure is optimistic; name the patients"
        )
    classes = {cell.label for cell in manifest}
    if classes == {None}:
        yield "no cell has a label: there is no table, and no folder is named after a class"
    elif len(classes) == 1:
        (label,) = manifest.labels[:1]
        yield f"all {n_cells} cells are {CLASSES[label]}: nothing tells the classes apart"
    first: dict[str, str] = {}
    twins = [
        (first[c.sha256], c.name) for c in manifest if first.setdefault(c.sha256, c.name) != c.name
    ]
    if twins:
        one, other = twins[0]
        yield (
            f"{len(twins)} pictures are the same, byte for byte, as one before them, "
            f"such as {other!r} as {one!r}: the data may hold a folder twice"
        )
    if n_skipped:
        yield f"some pictures or rows of labels are left out ({n_skipped}); the list says why"
