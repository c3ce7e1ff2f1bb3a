"""Splits and folds: which cells a model learns from, and on which it is judged.

Cells of one patient share blood, stain and camera, so a patient is never on two sides. Whole
groups go to the parts, balanced by three counts: cells, parasitized cells, and controls (groups
without any parasitized cell).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.errors import ConfigError, SplitError

Unit = Literal["patient", "photo", "cell"]
Part = TypeVar("Part", bound=np.generic)
Counts = NDArray[np.float64]

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Split(Generic[Part]):
    """Which part each cell of a manifest is in.

    Attributes:
        parts: One entry a cell [N]: "train", "valid" or "test", or the number of its fold.
        unit: What was kept whole: "patient", "photo" or "cell".
    """

    parts: NDArray[Part]
    unit: str

    @property
    def optimistic(self) -> bool:
        """Whether figures on such parts must be marked: a patient may be on both sides."""
        return self.unit != "patient"


def split(
    manifest: Manifest,
    valid_share: float = 0.15,
    test_share: float = 0.15,
    *,
    seed: int = 0,
    by: Unit = "patient",
) -> Split[np.str_]:
    """Divide cells into "train", "valid" and "test".

    The parts depend on the cells' names, labels and groups, the shares and the seed, not on the
    order of the manifest. A part with the share 0 stays empty.

    Args:
        manifest: The cells; those without a label count as cells only.
        valid_share: Share of "valid", 0 to below 1.
        test_share: Share of "test", 0 to below 1; something must be left for "train".
        seed: Seed of the draw.
        by: What to keep whole. "patient" falls back on photos, and those on single cells, where
            some cell's patient or photo is not known; the result's `unit` says what it came to.

    Returns:
        The part of each cell, and the unit that was kept whole.

    Raises:
        SplitError: If there are fewer groups than parts, or a class is absent from "train".
        ConfigError: If the shares or `by` make no sense.

    Example:
        >>> from laveran.cells.manifest import Cell
        >>> manifest = Manifest(tuple(
        ...     Cell(f"{patient}{i}.png", i % 2, patient, None, 64, 64, "00", "cells.zip")
        ...     for patient in "ABCD" for i in range(10)
        ... ))
        >>> halves = split(manifest, valid_share=0.25, test_share=0.25)
        >>> {str(part): int(sum(halves.parts == part)) for part in PARTS}
        {'train': 20, 'valid': 10, 'test': 10}
        >>> halves.unit, halves.optimistic
        ('patient', False)
    """
    shares = (1 - valid_share - test_share, valid_share, test_share)
    if min(shares[1:]) < 0 or shares[0] <= 0:
        raise ConfigError(
            f"valid share {valid_share} and test share {test_share} must be at least 0 and leave "
            "some cells for train"
        )
    asked = [number for number, share in enumerate(shares) if share > 0]
    groups, unit = _groups(manifest, by)
    part = _assign(groups, manifest.labels, [shares[number] for number in asked], unit, seed)
    _require_both_classes(manifest.labels[part == 0], unit)
    return Split(np.array(PARTS)[asked][part], unit)


def folds(
    manifest: Manifest, k: int = 5, *, seed: int = 0, by: Unit = "patient"
) -> Split[np.int64]:
    """Divide cells into `k` folds of nearly equal shares, numbered 0..k-1.

    Each fold serves once to judge a model that learned from all others.

    Args:
        manifest: The cells; those without a label count as cells only.
        k: How many folds, at least 2.
        seed: Seed of the draw.
        by: What to keep whole, as for `split`.

    Returns:
        The fold of each cell, and the unit that was kept whole.

    Raises:
        SplitError: If there are fewer groups than folds, or a class is absent from all folds
            but one.
        ConfigError: If `k` or `by` makes no sense.
    """
    if k < 2:
        raise ConfigError(f"{k} folds leave nothing to learn from; ask for at least 2")
    groups, unit = _groups(manifest, by)
    fold = _assign(groups, manifest.labels, [1 / k] * k, unit, seed)
    for number in range(k):
        _require_both_classes(manifest.labels[fold != number], unit)
    return Split(fold, unit)


def _groups(manifest: Manifest, by: Unit) -> tuple[NDArray[np.str_], str]:
    """What to keep whole for each cell [N], and what that is."""
    names = np.array(manifest.names, dtype=np.str_)
    if by == "patient":
        return manifest.groups, manifest.grouping
    if by == "photo":
        photos = np.array([cell.photo or cell.name for cell in manifest], dtype=np.str_)
        return photos, "photo" if all(cell.photo for cell in manifest) else "cell"
    if by == "cell":
        return names, "cell"
    raise ConfigError(f"cannot split by {by!r}; choose patient, photo or cell")


def _assign(
    groups: NDArray[np.str_],
    labels: NDArray[np.int64],
    shares: Sequence[float],
    unit: str,
    seed: int,
) -> NDArray[np.int64]:
    """The part of each cell [N], 0..len(shares)-1, no group in two parts, no part empty."""
    names, group = np.unique(groups, return_inverse=True)
    if names.size < len(shares):
        raise SplitError(
            f"{len(shares)} parts are asked for but the cells are of {names.size} {unit}"
            f"{'' if names.size == 1 else 's'}; ask for fewer parts or bring more {unit}s"
        )
    n_cells = np.bincount(group)
    n_parasitized = np.bincount(group, labels == 1)
    counts = np.stack([n_cells, n_parasitized, n_parasitized == 0], axis=1)  # [G, 3]
    fraction = counts / np.maximum(counts.sum(0), 1)
    part = np.empty(names.size, dtype=np.int64)
    order = _order(names, counts, seed)
    part[order] = _greedy(fraction[order], np.array(shares))
    return part[group]


def _order(names: NDArray[np.str_], counts: Counts, seed: int) -> NDArray[np.int64]:
    """Groups [G], infected before controls and large before small, shuffled within a factor of 2.

    A plain order by size would leave the seed without effect on groups of unequal sizes. The
    shuffle depends on nothing but names and seed.
    """
    draws = [hashlib.sha256(f"{seed}/{name}".encode()).digest() for name in names]
    octave = np.frexp(counts[:, 0])[1]
    control = counts[:, 2]
    rank = sorted(range(names.size), key=lambda g: (control[g], -octave[g], draws[g]))
    return np.array(rank)


def _greedy(fraction: Counts, shares: Counts) -> NDArray[np.int64]:
    """Give each group in turn to the part where it disturbs the balance least.

    Minimises the sum over parts and counts of (load - share)^2 / share, where a load is a part's
    fraction of all cells, parasitized cells or controls.

    Args:
        fraction: Fractions of the three counts that a group holds [G, 3], infected groups first.
        shares: Shares of the parts [P], which sum to 1.

    Returns:
        The part of each group [G].
    """
    load = np.zeros((shares.size, fraction.shape[1]))
    part = np.empty(len(fraction), dtype=np.int64)
    for number, held in enumerate(fraction):
        # What the sum grows by, but for a term that is the same for all parts.
        cost = ((2 * load + held) * held).sum(1) / shares
        empty = ~load.any(1)
        if number == 0:
            cost[1:] = np.inf  # an infected group for part 0: without one nothing is learned
        elif len(fraction) - number <= empty.sum():
            cost[~empty] = np.inf  # the last groups fill what is still empty
        part[number] = cost.argmin()
        load[part[number]] += held
    return part


def _require_both_classes(labels: NDArray[np.int64], unit: str) -> None:
    """Refuse a training part without parasitized or without uninfected cells."""
    for label, name in enumerate(("uninfected", "parasitized")):
        if not (labels == label).any():
            raise SplitError(
                f"no {name} cell is left to learn from; bring {name} cells of more {unit}s, or "
                "ask for fewer parts"
            )
