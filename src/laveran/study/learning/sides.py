"""The two sides of a sample as a training reads them: cells to learn from, cells that measure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from laveran.study.sample import Sample
from laveran.training.batches import Cells


def cells_at(sample: Sample, places: NDArray[np.int64]) -> Cells:
    """The cells of a sample at ascending `places` [n]."""
    return Cells(sample.pictures, sample.labels.astype(np.float32), places)


def measuring_side(sample: Sample) -> Cells:
    """All cells that measure."""
    return cells_at(sample, np.flatnonzero(sample.is_test))


def learning_side(sample: Sample, count: int, seed: int = 0) -> Cells:
    """So many of the cells to learn from, or all of them where there are fewer.

    Of one seed, the cells of a smaller count are among those of a larger one.
    """
    order = np.random.default_rng(seed).permutation(np.flatnonzero(~sample.is_test))
    return cells_at(sample, np.sort(order[:count]))
