"""Which of the things in an archive are pictures that may be read, and why the others are not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from laveran.cells.headers import SUFFIXES
from laveran.cells.skipped import Skipped

_MIB = 1 << 20
_JUNK_FOLDERS = frozenset({"__MACOSX", "@eaDir"})
_JUNK_FILES = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a source may ask of memory and time; beyond it a picture is left out, with a reason.

    Attributes:
        entry_bytes: Of one picture as a file, packed or not.
        total_bytes: Of all pictures of a source together, not packed.
        ratio: Of unpacked to packed size; counts only above 1 MiB, since a tiny file of one
            colour may well pack a hundred times smaller.
    """

    entry_bytes: int = 256 * _MIB
    total_bytes: int = 256 * 1024 * _MIB
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture in a source: its path inside it, with `/`, and its size in bytes."""

    name: str
    size: int


class Listing:
    """Takes what a source holds, one by one, and decides what may be read.

    The litter of operating systems (`__MACOSX/`, `Thumbs.db`, ...) is not worth a word;
    everything else that is left out is noted.

    Attributes:
        entries: What may be read, in the order of `add`, the names unique.
        skipped: What was left out, and why.

    Example:
        >>> listing = Listing(Limits())
        >>> for name in ("train/a.png", "__MACOSX/train/._a.png", "../b.png", "train/a.png"):
        ...     listing.add(Entry(name, 100), packed_size=100)
        >>> [entry.name for entry in listing.entries]
        ['train/a.png']
        >>> for name, reason in listing.skipped:
        ...     print(name, "-", reason)
        ../b.png - its path leads out of the archive
        train/a.png - the same name twice; the first is used
    """

    def __init__(self, limits: Limits) -> None:
        self.entries: list[Entry] = []
        self.skipped: list[Skipped] = []
        self._limits = limits
        self._names: set[str] = set()
        self._total_bytes = 0

    def add(self, entry: Entry, packed_size: int, refusal: str | None = None) -> None:
        """Take `entry`, or note why not.

        Args:
            entry: What the source names.
            packed_size: The bytes it takes in the source.
            refusal: A reason against it that only the source can know.
        """
        if _is_junk(entry.name):
            return
        reason = _bad_name(entry.name) or refusal or self._excess(entry, packed_size)
        if reason:
            self.skip(entry.name, reason)
        else:
            self.entries.append(entry)
            self._names.add(entry.name)
            self._total_bytes += entry.size

    def skip(self, name: str, reason: str) -> None:
        """Note that `name` is left out."""
        self.skipped.append(Skipped(_printable(name), reason))

    def _excess(self, entry: Entry, packed_size: int) -> str | None:
        """What there is too much of, or None."""
        limits = self._limits
        if entry.name in self._names:
            return "the same name twice; the first is used"
        if max(entry.size, packed_size) > limits.entry_bytes:
            return f"too large: over {limits.entry_bytes // _MIB} MiB for one picture"
        if entry.size > max(_MIB, limits.ratio * packed_size):
            return f"packed more than {limits.ratio} times smaller, as a zip bomb is"
        if self._total_bytes + entry.size > limits.total_bytes:
            return f"beyond the limit of {limits.total_bytes // _MIB} MiB for all pictures together"
        return None


def _is_junk(name: str) -> bool:
    """Whether `name` is the litter of an operating system."""
    *folders, last = name.split("/")
    return (
        last.lower() in _JUNK_FILES
        or last.startswith("._")
        or not _JUNK_FOLDERS.isdisjoint(folders)
    )


def _bad_name(name: str) -> str | None:
    """Why a path inside a source cannot be that of a picture, or None."""
    parts = name.split("/")
    if ".." in parts or name.startswith("/") or _DRIVE.match(name):
        return "its path leads out of the archive"
    if any(part.startswith(".") for part in parts):
        return "hidden: its name or its folder's begins with a dot"
    _, dot, suffix = parts[-1].lower().rpartition(".")
    suffix = dot + suffix
    if suffix == ".zip":
        return "a zip inside; unpack it to read what it holds"
    if suffix not in SUFFIXES:
        return "not a picture by its name"
    if _printable(name) != name:
        return "its name has characters that cannot be written; rename it"
    return None


def _printable(name: str) -> str:
    """A name that can be written: control characters and bytes that are no Unicode spelt out."""
    unicode = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", unicode)
