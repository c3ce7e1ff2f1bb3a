"""Who is searched on and who is locked away: one division of the patients for a whole search."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.cells.splits import folds, split
from laveran.errors import SplitError

LOCKED_SHARE = 0.2  # of the cells: for the figures of the recipe that the search chose
LOCKED = -1


@dataclass(frozen=True)
class Division:
    """The fold of each cell, and the locked patients, whom no trial sees.

    Attributes:
        fold: Number of the fold int64 [N], `LOCKED` for cells of locked patients.
        unit: What was kept whole: "patient", "photo" or "cell".
        sha256: Hex digest of every cell's name and fold; the same on every machine.
    """

    fold: NDArray[np.int64]
    unit: str
    sha256: str

    @classmethod
    def of(cls, manifest: Manifest, count: int, seed: int) -> Division:
        """Lock patients away, then divide the others into `count` folds.

        Raises:
            SplitError: If there are too few patients for that, or a part has cells of one class
                only.
        """
        first = split(manifest, 0, LOCKED_SHARE, seed=seed)
        rest = np.flatnonzero(first.parts != "test")
        fold = np.full(len(manifest), LOCKED, np.int64)
        fold[rest] = folds(manifest.select(rest), count, seed=seed).parts
        for number in range(LOCKED, count):
            _require_both_classes(manifest.labels[fold == number], number)
        rows = sorted(zip(manifest.names, fold.tolist(), strict=True))
        return cls(fold, first.unit, hashlib.sha256(repr(rows).encode()).hexdigest())

    @property
    def locked(self) -> NDArray[np.bool_]:
        """Where the cells of locked patients are [N]."""
        where: NDArray[np.bool_] = self.fold == LOCKED
        return where

    @property
    def parts(self) -> list[str]:
        """The part of each cell in words [N], for `cells.csv`."""
        return [_name(number) for number in self.fold.tolist()]

    def sides(self, number: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The cells that one fold learns from and those it scores, both [N]."""
        test = self.fold == number
        return ~test & ~self.locked, test


def _name(number: int) -> str:
    """A part in words."""
    return "locked" if number == LOCKED else f"fold {number}"


def _require_both_classes(labels: NDArray[np.int64], number: int) -> None:
    """Refuse a part on which nothing can be told apart."""
    if len(set(labels.tolist())) < 2:
        raise SplitError(
            f"the part {_name(number)!r} has cells of one class only; ask for fewer folds, or "
            f"bring more patients"
        )
