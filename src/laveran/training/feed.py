"""What a training reads: every cell decoded and cropped once, then a memory map for ever.

The cache is keyed by a checksum of everything that went into it, so that it never
lies; it may be deleted at any time.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from laveran import files
from laveran.cells.crop import procedure
from laveran.cells.manifest import CLASSES, UNKNOWN, Manifest, read_manifest
from laveran.cells.reading import Reading, read_cells
from laveran.cells.skipped import Skipped, write_skipped
from laveran.errors import DataError, LabelsError
from laveran.model.prediction import Watch

_VERSION = 1  # of the cache's layout
ABANDONED_S = 24 * 3600  # after which a half-read cache is nobody's


@dataclass(frozen=True)
class Feed:
    """Cells ready for a network.

    Attributes:
        manifest: The cells.
        pictures: Prepared cells uint8 [N, S, S, 3], a memory map in the manifest's order.
        skipped: What was left out, and why.
        notes: What the user must know, a sentence each.
    """

    manifest: Manifest
    pictures: NDArray[np.uint8]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def cache_folder() -> Path:
    """Where prepared cells are kept: LAVERAN_CACHE, else the system's place for caches."""
    return Path(os.environ.get("LAVERAN_CACHE") or platformdirs.user_cache_dir("laveran"))


def prepare_cells(
    data: Path | str,
    labels: Path | str | None,
    *,
    patients: Sequence[Path | str] = (),
    crop: str,
    size_px: int,
    watch: Watch | None = None,
) -> Feed:
    """Read, decode and crop every cell, or find that it was done before.

    Args:
        data: Zip, folder or single picture.
        labels: Table of labels, None where folders are the classes.
        patients: Tables of patients.
        crop: Name of the crop-to-input procedure.
        size_px: Side of the prepared cells.
        watch: Called with ("read cells", done, total, {}).

    Raises:
        DataError: If the data cannot be used, or what was prepared before is damaged.
    """
    key = _key(data, labels, patients, crop, size_px)
    folder = cache_folder() / "cells" / key
    if not folder.is_dir():
        _fill(folder, data, labels, patients, crop, size_px, watch)
    return _open(folder, size_px)


def require_labels(feed: Feed, data: Path | str) -> None:
    """Refuse cells of which one has no label.

    Raises:
        LabelsError: If so; `data` is where the cells are from.
    """
    if UNKNOWN in feed.manifest.labels:
        raise LabelsError(
            f"nothing tells the labels of the cells in {data}; give a labels CSV, "
            f"or put the pictures into folders named {' and '.join(CLASSES)}"
        )


def _fill(
    folder: Path,
    data: Path | str,
    labels: Path | str | None,
    patients: Sequence[Path | str],
    crop: str,
    size_px: int,
    watch: Watch | None,
) -> None:
    """Write the cache folder, whole or not at all."""
    cut = procedure(crop)
    with _replacing_folder(folder) as scratch:
        with (scratch / "pictures.bin").open("wb") as file:
            reading = read_cells(
                data,
                labels,
                patients=patients,
                transform=lambda image: cut(image, size_px),
                on_picture=lambda _, picture: picture.tofile(file),
                progress=lambda done, total: (
                    watch("read cells", done, total, {}) if watch else None
                ),
            )
        _write_reading(scratch, reading)


def _write_reading(folder: Path, reading: Reading) -> None:
    reading.manifest.write(folder / "cells.csv")
    write_skipped(folder / "skipped.csv", reading.skipped)
    files.write_text(folder / "notes.json", json.dumps(reading.notes))


def _open(folder: Path, size_px: int) -> Feed:
    """The cache in `folder`, its pictures as a read-only memory map."""
    try:
        manifest = read_manifest(folder / "cells.csv")
        shape = (len(manifest), size_px, size_px, 3)
        pictures = np.memmap(folder / "pictures.bin", np.uint8, "r", shape=shape)
        with (folder / "skipped.csv").open(newline="", encoding="utf-8") as file:
            skipped = tuple(Skipped(row["name"], row["reason"]) for row in csv.DictReader(file))
        notes = tuple(json.loads((folder / "notes.json").read_text(encoding="utf-8")))
    except (DataError, OSError, KeyError, ValueError) as error:
        raise DataError(
            f"the prepared cells in {folder} are damaged; delete it ({error})"
        ) from error
    return Feed(manifest, pictures, skipped, notes)


def _key(
    data: Path | str,
    labels: Path | str | None,
    patients: Sequence[Path | str],
    crop: str,
    size_px: int,
) -> str:
    """Checksum of all that the cache depends on."""
    digest = hashlib.sha256(f"{_VERSION} {crop} {size_px} {data}".encode())
    for path in (data, labels, *patients):
        digest.update(_checksum(Path(path)) if path else b"none")
    return digest.hexdigest()[:32]


def _checksum(path: Path) -> bytes:
    """SHA-256 of a file, or of all names and files of a folder; empty for what is not there."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    digest = hashlib.sha256()
    for inside in sorted(path.rglob("*")):
        if inside.is_file():
            digest.update(os.fsencode(inside.relative_to(path)) + _checksum(inside))
    return digest.digest()


@contextmanager
def _replacing_folder(folder: Path) -> Iterator[Path]:
    """As `files.replacing`, for a folder of several files; the first to finish wins."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    for left in folder.parent.glob(".*-*"):  # by a process that was killed
        with suppress(FileNotFoundError):  # another process has finished with it
            if time.time() - left.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield scratch
        try:
            scratch.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
