"""Whether a file that was fetched is whole: its checksum, and every member of a zip."""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from pathlib import Path

_BLOCK_BYTES = 1 << 20
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, ValueError)


def sha256_fault(path: Path, expected: str) -> str | None:
    """None when the SHA-256 of `path` is `expected` (hex digits), else what it is.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "empty"
    >>> _ = path.write_bytes(b"")
    >>> sha256_fault(path, "0" * 64)
    'its SHA-256 begins e3b0c44298fc, not 000000000000'
    """
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual == expected:
        return None
    return f"its SHA-256 begins {actual[:12]}, not {expected[:12]}"


def zip_fault(path: Path) -> str | None:
    """None when `path` is a zip and every member unpacks to its CRC-32, else what is wrong.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cells.zip"
    >>> _ = path.write_bytes(b"no zip")
    >>> zip_fault(path)
    'it is no zip, or cut off (File is not a zip file)'
    """
    try:
        with zipfile.ZipFile(path) as archive:
            faults = (_member_fault(archive, member) for member in archive.infolist())
            return next((fault for fault in faults if fault), None)
    except _DAMAGE as error:
        return f"it is no zip, or cut off ({error})"


def _member_fault(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str | None:
    try:
        with archive.open(member) as file:
            while file.read(_BLOCK_BYTES):
                pass
    except _DAMAGE as error:
        return f"{member.filename!r} in it is damaged ({error})"
    return None
