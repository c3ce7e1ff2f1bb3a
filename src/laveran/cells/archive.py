"""Where pictures come from: a zip (never unpacked to disk), a folder, or a single picture."""

from __future__ import annotations

import os
import struct
import threading
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self, cast

from laveran.cells.headers import SUFFIXES
from laveran.cells.listing import Entry, Limits, Listing
from laveran.cells.skipped import Skipped
from laveran.errors import ArchiveError, PictureError

DEFAULT_LIMITS = Limits()


class Source(ABC):
    """The pictures of a zip or folder, in order; nothing is kept in memory but their list.

    Reading is safe from many threads at once.

    Attributes:
        path: What was opened.
        entries: The pictures that may be read, their names unique.
        skipped: What was left out, and why.
    """

    def __init__(self, path: Path, listing: Listing) -> None:
        self.path = path
        self.entries: tuple[Entry, ...] = tuple(listing.entries)
        self.skipped: tuple[Skipped, ...] = tuple(listing.skipped)
        if not self.entries:
            raise ArchiveError(_nothing_in(path, self.skipped))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        """The entries by their names."""
        return {entry.name: entry for entry in self.entries}

    @abstractmethod
    def read(self, entry: Entry) -> bytes:
        """The bytes of one of `entries`.

        Raises:
            PictureError: If they cannot be read, or are not what the source says of them.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of what is open; nothing can be read afterwards."""


def open_source(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> Source:
    """Open a zip, a folder (with all its subfolders, in sorted order) or a single picture.

    Raises:
        ArchiveError: If there is no such file, it is none of the three, it is damaged as a
            whole, or there is no picture in it that can be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "cells.zip"
        >>> with zipfile.ZipFile(path, "w") as archive:
        ...     archive.writestr("train/a.png", b"...")
        ...     archive.writestr("notes.txt", b"...")
        >>> with open_source(path) as source:
        ...     source.entries[0].name, source.read(source.entries[0]), source.skipped[0].name
        ('train/a.png', b'...', 'notes.txt')
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _Folder(path, limits)
        if path.stat().st_size == 0:
            raise ArchiveError(f"{path} is empty (0 bytes); get it once more")
        if _looks_like_zip(path):
            return _Zip(path, limits)
    except OSError as error:
        raise ArchiveError(f"cannot open {path}: {error.strerror}") from error
    if path.suffix.lower() in SUFFIXES:
        return _Folder(path, limits)
    raise ArchiveError(f"{path} is neither a zip, nor a folder, nor a picture")


def _looks_like_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix.lower() == ".zip" or file.read(4) in (b"PK\3\4", b"PK\5\6")


def _nothing_in(path: Path, skipped: tuple[Skipped, ...]) -> str:
    """Why a source without a readable picture is of no use."""
    if not skipped:
        return f"there is no picture in {path}: it is empty"
    name, reason = skipped[0]
    others = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
    return f"there is no picture to read in {path}: {name!r} is left out, {reason}{others}"


class _Folder(Source):
    """A folder and its subfolders in sorted order, or one picture of a folder."""

    def __init__(self, path: Path, limits: Limits) -> None:
        single = not path.is_dir()
        self._root = path.parent if single else path
        listing = Listing(limits)
        for name in [path.name] if single else _walk(path, listing):
            self._list(name, listing)
        super().__init__(path, listing)

    def _list(self, name: str, listing: Listing) -> None:
        path = self._root / name
        try:
            size = path.stat().st_size
            refusal = None if path.is_file() else "not a regular file"
        except OSError as error:
            size, refusal = 0, f"cannot be read: {error.strerror}"
        listing.add(Entry(name, size), size, refusal)

    def read(self, entry: Entry) -> bytes:
        try:
            with (self._root / entry.name).open("rb") as file:
                data = file.read(entry.size + 1)
        except OSError as error:
            raise PictureError(f"cannot be read: {error.strerror}") from error
        if len(data) != entry.size:
            raise PictureError("its size has changed since the folder was opened")
        return data

    def close(self) -> None:
        """Nothing: each picture's file is closed when it has been read."""


def _walk(root: Path, listing: Listing) -> Iterator[str]:
    """The paths of all files below `root`, with `/`, sorted; folders left out are noted."""

    def unreadable(error: OSError) -> None:
        name = Path(error.filename).relative_to(root).as_posix()
        listing.skip(name, f"cannot be read: {error.strerror}")

    for folder, subfolders, names in os.walk(root, onerror=unreadable):
        prefix = Path(folder).relative_to(root).as_posix() + "/"
        prefix = "" if prefix == "./" else prefix
        for name in sorted(subfolders):
            if name.startswith("."):
                listing.skip(prefix + name, "hidden: the folder's name begins with a dot")
            elif Path(folder, name).is_symlink():
                listing.skip(prefix + name, "a link to a folder is not followed")
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield from (prefix + name for name in sorted(names))


@dataclass(frozen=True, slots=True)
class _Member(Entry):
    """A picture in a zip, and where its bytes are."""

    offset: int
    packed_size: int
    method: int
    crc: int


_LOCAL_HEADER = struct.Struct("<4s22xHH")  # APPNOTE.TXT 4.3.7: signature, ..., name, extra field


class _Zip(Source):
    """A zip, its pictures inflated one by one from the open file.

    `zipfile` reads the directory; a member is then found by its own header and proved by its
    checksum: several times as fast as `ZipFile.open`, and without its lock.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._file = path.open("rb")
        self._seek = threading.Lock()
        try:
            super().__init__(path, self._list(path, limits))
        except BaseException:
            self.close()
            raise

    def _list(self, path: Path, limits: Limits) -> Listing:
        listing = Listing(limits)
        end = path.stat().st_size
        try:
            with zipfile.ZipFile(self._file) as archive:
                for info in archive.infolist():
                    member = _member(info)
                    if not member.name.endswith("/"):  # a folder
                        listing.add(member, info.compress_size, _refusal(info, end))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as error:
            raise ArchiveError(
                f"{path} is no zip, or cut off or damaged ({error}); get it once more"
            ) from error
        return listing

    def read(self, entry: Entry) -> bytes:
        member = cast("_Member", entry)
        try:
            header = self._read_at(member.offset, _LOCAL_HEADER.size)
            signature, name_bytes, extra_bytes = _LOCAL_HEADER.unpack(header)
            if signature != b"PK\3\4":
                raise PictureError("damaged inside the zip: it is not where the directory says")
            start = member.offset + _LOCAL_HEADER.size + name_bytes + extra_bytes
            data = self._read_at(start, member.packed_size)
            if member.method == zipfile.ZIP_DEFLATED:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, member.size + 1)
        except (OSError, struct.error, zlib.error) as error:
            raise PictureError(f"damaged inside the zip: {error}") from error
        if len(data) != member.size or zlib.crc32(data) != member.crc:
            raise PictureError("damaged inside the zip: its size or checksum is wrong")
        return data

    def _read_at(self, offset: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, offset)
        with self._seek:  # Windows
            self._file.seek(offset)
            return self._file.read(size)

    def close(self) -> None:
        self._file.close()


def _member(info: zipfile.ZipInfo) -> _Member:
    r"""A record of a zip's directory as an entry; some programs write `\` for `/`."""
    return _Member(
        name=info.filename.replace("\\", "/").removeprefix("./"),
        size=info.file_size,
        offset=info.header_offset,
        packed_size=info.compress_size,
        method=info.compress_type,
        crc=info.CRC,
    )


def _refusal(info: zipfile.ZipInfo, end: int) -> str | None:
    """Why a member cannot be read from a zip of `end` bytes, or None."""
    if info.flag_bits & 0x1:
        return "encrypted; pack the zip without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"packed by method {info.compress_type}; pack it by the usual one (deflate)"
    if info.header_offset < 0 or info.header_offset + info.compress_size > end:
        return "damaged: it lies beyond the end of the zip"
    return None
