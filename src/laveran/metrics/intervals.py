"""95% intervals by resampling patients (cluster bootstrap, percentile method).

Cells of one patient share blood, stain and camera; patients are the units that a study draws, so
patients, not cells, are drawn again with replacement (Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from laveran.errors import ConfigError
from laveran.metrics.checks import Floats, Ints

BLOCK = 2_000_000  # weights held at once: 16 MB


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its 95% interval.

    Attributes:
        value: The figure on all patients; None where it is undefined.
        low: Lower end of the interval; None where there is none.
        high: Upper end of the interval; None where there is none.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    def to_json(self) -> dict[str, float | None]:
        """A plain dict with the keys `value, low, high`.

        >>> Figure(0.96, 0.95, 0.97).to_json()
        {'value': 0.96, 'low': 0.95, 'high': 0.97}
        """
        return {"value": self.value, "low": self.low, "high": self.high}


def plain_figures(figures: Mapping[str, int | Figure]) -> dict[str, int | dict[str, float | None]]:
    """Figures and counts by name as plain values.

    >>> plain_figures({"n": 3, "accuracy": Figure(0.5)})
    {'n': 3, 'accuracy': {'value': 0.5, 'low': None, 'high': None}}
    """
    return {
        name: value.to_json() if isinstance(value, Figure) else value
        for name, value in figures.items()
    }


def resampled(
    measure: Callable[[Floats], Floats], patient: Ints, resamples: int, seed: int
) -> Floats:
    """The figures on resampled patients.

    Args:
        measure: Turns weights [R, N] into figures [..., R].
        patient: Number of each cell's patient [N], 0..P-1.
        resamples: How often to draw P patients with replacement.
        seed: Seed of the draw; the same seed draws the same patients.

    Returns:
        The figures [..., resamples], NaN where a resample leaves one undefined.

    Raises:
        ConfigError: If `resamples` is negative.
    """
    if resamples < 0:
        raise ConfigError(f"{resamples} resamples cannot be drawn; give 0 or more")
    blocks = [measure(weights) for weights in _drawn(patient, resamples, seed)]
    return np.concatenate(blocks, axis=-1)


def with_interval(value: float, resamples: Floats) -> Figure:
    """A value with the 2.5th and 97.5th percentile of its resamples [R].

    Undefined resamples are left out. There is no interval where less than half remain, nor where
    all remaining ones agree on a value other than 0 and 1: then one single patient decides it.

    >>> with_interval(0.5, np.arange(41.0))
    Figure(value=0.5, low=1.0, high=39.0)
    >>> with_interval(0.5, np.full(41, 0.5))
    Figure(value=0.5, low=None, high=None)
    """
    if np.isnan(value):
        return Figure(None)
    defined = resamples[~np.isnan(resamples)]
    if defined.size == 0 or 2 * defined.size < resamples.size:
        return Figure(float(value))
    if np.ptp(defined) == 0 and defined[0] not in (0, 1):
        return Figure(float(value))
    low, high = np.percentile(defined, [2.5, 97.5])
    return Figure(float(value), float(low), float(high))


def _drawn(patient: Ints, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield blocks [R, N]: how often each cell's patient is drawn, one resample a row."""
    draw = np.random.default_rng(seed)
    n_patients = int(patient.max()) + 1
    rows = max(1, BLOCK // patient.size)
    for start in range(0, max(resamples, 1), rows):
        drawn = draw.integers(n_patients, size=(min(rows, resamples - start), n_patients))
        drawn += n_patients * np.arange(len(drawn))[:, np.newaxis]  # a range of its own a row
        times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
        yield times.astype(np.float64)[:, patient]  # [R, P] -> [R, N]
