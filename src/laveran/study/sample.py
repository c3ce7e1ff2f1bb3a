"""The cells that a study looks at: some of a data set, each patient on one side only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.cells.skipped import Skipped
from laveran.cells.splits import split
from laveran.errors import ConfigError
from laveran.model.prediction import Watch
from laveran.training.feed import prepare_cells, require_labels

CROP = "letterbox-v1"
SIZE_PX = 64
CELLS = 2000
TEST_SHARE = 0.3


@dataclass(frozen=True)
class Sample:
    """Labelled cells, ready for a network or any other method.

    Attributes:
        manifest: The cells.
        pictures: Prepared cells uint8 [N, S, S, 3] RGB, in the manifest's order.
        is_test: Whether a cell is of those that measure, bool [N]; the others are learned from.
        unit: What the division kept whole: "patient", "photo" or "cell".
        skipped: Pictures that could not be used, and why.
        notes: What the user must know, a sentence each.
    """

    manifest: Manifest
    pictures: NDArray[np.uint8]
    is_test: NDArray[np.bool_]
    unit: str
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> NDArray[np.int64]:
        """1 parasitized, 0 uninfected [N]."""
        return self.manifest.labels

    @property
    def optimistic(self) -> bool:
        """Whether figures must be marked: a patient may be on both sides."""
        return self.unit != "patient"


def draw_sample(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    cells: int | None = CELLS,
    size_px: int = SIZE_PX,
    test_share: float = TEST_SHARE,
    patients: Sequence[Path | str] = (),
    seed: int = 0,
    watch: Watch | None = None,
) -> Sample:
    """Draw cells at random and divide their patients into those to learn from and to measure on.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of labels; None where folders are the classes.
        cells: How many to draw; None, or more than there are, takes all.
        size_px: Side of the prepared cells.
        test_share: Share of the cells that measure.
        patients: Tables of patients.
        seed: Of the draw and the division.
        watch: Called with ("read cells", done, total, {}).

    Raises:
        DataError: If the data cannot be used.
        SplitError: If there are too few patients, or a class is missing, to learn from.
        ConfigError: If `cells` is below 2.
    """
    if cells is not None and cells < 2:
        raise ConfigError(f"{cells} cells are too few to study; ask for some hundreds")
    feed = prepare_cells(data, labels, patients=patients, crop=CROP, size_px=size_px, watch=watch)
    require_labels(feed, data)
    chosen = draw(len(feed.manifest), cells, seed)
    manifest = feed.manifest.select(chosen)
    division = split(manifest, 0.0, test_share, seed=seed)
    return Sample(
        manifest,
        np.asarray(feed.pictures[chosen]),
        division.parts == "test",
        division.unit,
        feed.skipped,
        feed.notes,
    )


def draw(count: int, wanted: int | None, seed: int) -> NDArray[np.int64]:
    """The places of `wanted` of `count` cells by chance, in their order; of all where None.

    >>> draw(3, None, seed=0).tolist(), len(draw(9, 4, seed=0))
    ([0, 1, 2], 4)
    """
    if wanted is None or wanted >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, wanted, replace=False))
