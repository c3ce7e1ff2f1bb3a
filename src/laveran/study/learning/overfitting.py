"""The same network on few and many cells, with and without what is said to curb overfitting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from laveran.cells.splits import split
from laveran.networks.stack import plain
from laveran.study.kept import Kept
from laveran.study.learning.course import Course, follow
from laveran.study.learning.sides import cells_at, learning_side, measuring_side
from laveran.study.sample import CROP, Sample
from laveran.training.batches import Cells
from laveran.training.recipe import Augmentation, Recipe

SIZES = (100, 1_000, 10_000)
SIZE_PX = 32
PASSES = 20_000  # of cells through the network in a fit; of few cells more epochs
LEAST_EPOCHS, MOST_EPOCHS = 4, 60
VALID_SHARE = 0.2  # of the cells, set apart where training is stopped early
FEW = 5_000  # from so many on, one fit tells enough

NETWORK = {"filters": (16, 32, 64), "per_stage": 1, "batch_norm": True}
BASELINE, STOPPING, TOGETHER = "batch norm alone", "early stopping", "all together"
# What is changed of the network and of the recipe. The L2 of our optimiser is decoupled: it
# shrinks a weight by learning rate x l2 a step, so its numbers are larger than those of a loss.
CHANGES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    BASELINE: ({}, {}),
    "without batch norm": ({"batch_norm": False}, {}),
    "dropout": ({"dropout": 0.2, "head_dropout": 0.2}, {}),
    "L1": ({}, {"l1": 3e-4}),
    "L2": ({}, {"l2": 1.0}),
    STOPPING: ({}, {"patience": 3}),
    TOGETHER: (
        {"dropout": 0.2, "head_dropout": 0.2},
        {"l1": 3e-4, "l2": 1.0, "patience": 3},
    ),
}


@dataclass(frozen=True)
class Regime:
    """How many cells are learned from, and what is changed."""

    cells: int
    change: str

    @property
    def name(self) -> str:
        """For a file."""
        return f"{self.cells}-{self.change.replace(' ', '-').lower()}"

    @property
    def stops(self) -> bool:
        """Whether training is stopped by cells set apart."""
        return self.change in (STOPPING, TOGETHER)

    def repeats(self, most: int) -> int:
        """How many fits: chance counts most where cells are few."""
        return most if self.cells < FEW else 1


def regimes_of(sizes: Sequence[int], available: int) -> list[Regime]:
    """Every change on so many cells, sizes above those at hand becoming all of them.

    Example:
        >>> [regime.cells for regime in regimes_of([100, 1000, 10000], 800)][::7]
        [100, 800]
    """
    kept = sorted({min(size, available) for size in sizes})
    return [Regime(size, change) for size in kept for change in CHANGES]


def recipe_of(regime: Regime) -> Recipe:
    """How the network is trained; without augmentation, which would curb overfitting too.

    Example:
        >>> recipe_of(Regime(100, "L1")).l1, recipe_of(Regime(100, "L2")).l1
        (0.0003, 0.0)
    """
    network, training = CHANGES[regime.change]
    values = {"l2": 0.0, "patience": MOST_EPOCHS, **training}
    return Recipe(
        name=regime.name,
        network=plain(**{**NETWORK, **network}),
        size_px=SIZE_PX,
        crop=CROP,
        augmentation=Augmentation(turns=False),
        epochs=int(np.clip(round(PASSES / regime.cells), LEAST_EPOCHS, MOST_EPOCHS)),
        batch_size=32,
        learning_rate=2e-3,
        label_smoothing=0,
        average_decay=0,
        **values,
    )


def overfit(
    sample: Sample, regimes: Sequence[Regime], kept: Kept, *, repeats: int, seed: int
) -> dict[Regime, list[Course]]:
    """Fit the network under every regime; all are measured on the same test patients.

    Repeats draw other cells: with 100 cells, which ones they are counts more than anything.

    Args:
        sample: The cells, divided.
        regimes: On how many of those to learn from, and how.
        kept: What is finished.
        repeats: Fits of each regime of few cells.
        seed: Of the first; the others count on from it.

    Raises:
        SplitError: If so few cells leave nobody for early stopping.
    """
    test = measuring_side(sample)

    def course(regime: Regime, number: int) -> Course:
        train, valid = _drawn(sample, regime, number)
        return kept.once(
            f"{regime.name}-{number}",
            Course,
            lambda tell: (
                follow(recipe_of(regime), train, test, valid=valid, seed=number, tell=tell).course
            ),
        )

    return {
        regime: [course(regime, seed + number) for number in range(regime.repeats(repeats))]
        for regime in regimes
    }


def _drawn(sample: Sample, regime: Regime, seed: int) -> tuple[Cells, Cells | None]:
    """The cells to learn from, the same for all changes, and those of them that stop it."""
    cells = learning_side(sample, regime.cells, seed)
    if not regime.stops:
        return cells, None
    parts = split(sample.manifest.select(cells.indexes), VALID_SHARE, 0.0, seed=seed).parts
    train, valid = (cells_at(sample, cells.indexes[parts == part]) for part in ("train", "valid"))
    return train, valid
