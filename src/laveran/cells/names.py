"""Finding the picture that a table means: with or without folders, with or without a suffix."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from laveran.cells.headers import SUFFIXES
from laveran.errors import LabelsError


class NameIndex:
    r"""The names of the pictures of a source, to be found by the names that people write.

    The exact name wins. Otherwise two names mean the same picture if the file's name agrees,
    and the folders and the suffix do as far as both have them: `a`, `a.PNG`, `train/a.png` and
    `C:\data\train\a` all find `train/a.png`, but neither `test/a.png` nor `a.jpg` does.

    Example:
        >>> index = NameIndex(["train/a.png", "train/b.png", "test/b.png"])
        >>> index.find("a"), index.find("c.png"), index.find("test/b")
        ('train/a.png', None, 'test/b.png')
        >>> index.find("b.png")
        Traceback (most recent call last):
        laveran.errors.LabelsError: 'b.png' means both 'train/b.png' and 'test/b.png'; ...
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)

    def find(self, query: str) -> str | None:
        """The name that `query` means, or None.

        Raises:
            LabelsError: If it means more than one.
        """
        if query in self._names:
            return query
        folders, stem, suffix = _parts(query)
        fits = [
            name
            for name, other_folders, other_suffix in self._by_stem.get(stem, ())
            if _agree(folders, other_folders)
            and (suffix == other_suffix or "" in (suffix, other_suffix))
        ]
        if len(fits) > 1:
            raise LabelsError(
                f"{query!r} means both {fits[0]!r} and {fits[1]!r}; "
                "write the name with its folder and suffix"
            )
        return fits[0] if fits else None

    @cached_property
    def _by_stem(self) -> dict[str, list[tuple[str, tuple[str, ...], str]]]:
        """Every name, its folders and suffix, by its stem; built when a name is not exact."""
        index = defaultdict(list)
        for name in self._names:
            folders, stem, suffix = _parts(name)
            index[stem].append((name, folders, suffix))
        return dict(index)


def _parts(name: str) -> tuple[tuple[str, ...], str, str]:
    """The folders, stem and lower-case picture suffix of a name ("" if it has none)."""
    *folders, last = unicodedata.normalize("NFC", name.strip()).replace("\\", "/").split("/")
    stem, dot, suffix = last.rpartition(".")
    suffix = dot + suffix.lower()
    if suffix not in SUFFIXES:
        stem, suffix = last, ""
    return tuple(folder for folder in folders if folder not in ("", ".")), stem, suffix


def _agree(folders: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether one path of folders is the end of the other."""
    shared = min(len(folders), len(others))
    return folders[len(folders) - shared :] == others[len(others) - shared :]
