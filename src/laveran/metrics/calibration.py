"""Do probabilities mean what they say: calibration error, reliability curve, temperature.

The arguments that all figures share are explained in `laveran.metrics.figures`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from laveran.errors import ConfigError
from laveran.metrics.checks import (
    Floats,
    Ints,
    checked_cells,
    checked_logits,
    checked_targets,
    checked_weights,
)
from laveran.metrics.figures import ratio

BOUNDS = (0.05, 20.0)  # of a temperature
GRID, REFINEMENTS = 25, 5  # leave less than a ten-thousandth of a temperature between two
BISECTIONS = 60  # halves the widest sensible bounds to below the precision of a float64


def ece(
    y_true: ArrayLike, y_prob: ArrayLike, bins: int = 15, weights: ArrayLike | None = None
) -> Floats:
    """Expected calibration error, 0..1, over bins of equal width of the probability.

    The mean over cells of |mean probability - observed share of parasitized cells| in the cell's
    bin (Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599, eq. 3, there of the confidence in
    the called class). A bin holds its upper edge; the first one also holds 0.

    >>> round(float(ece([0, 1, 1, 1], [0.1, 0.6, 0.9, 0.9], bins=2)), 3)
    0.175
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    weights = checked_weights(weights, labels.size)
    excess = np.zeros((labels.size, bins))
    excess[np.arange(labels.size), _bins(probabilities, bins)] = probabilities - labels
    return ratio(np.abs(weights @ excess).sum(-1), weights.sum(-1))  # [..., N] @ [N, bins]


class ReliabilityCurve(NamedTuple):
    """One entry for each bin of the probability that holds cells, each [M].

    Attributes:
        low: Lower edge of the bin.
        high: Upper edge of the bin.
        mean_prob: Mean probability of its cells.
        observed: Share of its cells that are parasitized.
        n_cells: How many cells it holds.
    """

    low: Floats
    high: Floats
    mean_prob: Floats
    observed: Floats
    n_cells: Ints


def reliability_curve(y_true: ArrayLike, y_prob: ArrayLike, bins: int = 15) -> ReliabilityCurve:
    """What `ece` sums up, bin by bin; bins without cells are left out.

    >>> curve = reliability_curve([0, 1, 1, 1], [0.1, 0.6, 0.9, 0.9], bins=2)
    >>> curve.mean_prob.round(3).tolist(), curve.observed.tolist(), curve.n_cells.tolist()
    ([0.1, 0.8], [0.0, 1.0], [1, 3])
    """
    labels, probabilities = checked_cells(y_true, y_prob)
    bin_of_cell = _bins(probabilities, bins)
    n_cells = np.bincount(bin_of_cell, minlength=bins)
    held = np.flatnonzero(n_cells)
    edges = np.linspace(0, 1, bins + 1)
    return ReliabilityCurve(
        edges[held],
        edges[held + 1],
        np.bincount(bin_of_cell, probabilities, minlength=bins)[held] / n_cells[held],
        np.bincount(bin_of_cell, labels, minlength=bins)[held] / n_cells[held],
        n_cells[held],
    )


def fit_temperature(
    logits: ArrayLike,
    y_true: ArrayLike,
    weights: ArrayLike | None = None,
    bounds: tuple[float, float] = BOUNDS,
) -> float:
    """The temperature T that minimises the negative log likelihood of `sigmoid(logits / T)`.

    Guo et al. 2017, arXiv:1706.04599, section 4.2. In 1/T that likelihood is convex, so its slope
    changes sign once at most and bisection always finds the minimum, or the bound nearest to it.

    Args:
        logits: Logits [N] of "parasitized", finite.
        y_true: Labels [N], 1 parasitized, 0 uninfected; between them, the share of readers who
            see a parasite.
        weights: Weights [N], at least 0; None counts every cell once.
        bounds: Lowest and highest temperature allowed, both above 0. Cells without a single
            mistake would otherwise call for T = 0, hopeless ones for infinity.

    Returns:
        The temperature: above 1 for an overconfident model, below 1 for a timid one, 1 if the
        logits are all 0.

    Raises:
        DataError: If the lengths differ, there are no cells, a logit is not finite, or a label is
            outside 0..1.
        ConfigError: If the bounds are not rising numbers above 0.

    Example:
        >>> round(fit_temperature([4, 4, 4, 4, -4], [1, 1, 1, 0, 0]), 2)
        2.89
    """
    lowest, highest = bounds
    if not 0 < lowest < highest < np.inf:
        raise ConfigError(f"temperature bounds {bounds} must be two rising numbers above 0")
    targets = checked_targets(y_true)
    margins = checked_logits(logits, targets.size)
    pull = checked_weights(weights, targets.size) * margins
    if not pull.any():
        return 1.0
    low, high = np.log(lowest), np.log(highest)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        # d NLL / d(1/T) = -sum(w z (y - sigmoid(z / T))): below 0 where a smaller T fits better.
        if pull @ (targets - calibrated(margins, float(np.exp(middle)))) > 0:
            high = middle
        else:
            low = middle
    return float(np.clip(np.exp((low + high) / 2), lowest, highest))


def fit_temperature_to_noisy(logits: ArrayLike, y_true: ArrayLike, mislabelled: float) -> float:
    """As `fit_temperature`, where some uninfected cells are labelled parasitized.

    The probability is then that of a parasite, not that of the label: a cell is labelled
    parasitized with probability p + (1 - p) * mislabelled, and T maximises that likelihood
    (the forward correction of Patrini et al. 2017, arXiv:1609.03683, section 4.1).

    Args:
        logits: Logits [N] of "parasitized", finite.
        y_true: Labels [N], 1 parasitized, 0 uninfected, or shares of readers between them.
        mislabelled: Share of the uninfected cells that are labelled parasitized, 0..1 without 1.

    Raises:
        DataError: As for `fit_temperature`.
        ConfigError: If the share is below 0, or 1 and more.

    Example:
        >>> noisy = [4, 4, 4, 4, -4, -4, -4, -4, -4], [1, 1, 1, 0, 0, 0, 0, 1, 0]
        >>> fit_temperature_to_noisy(*noisy, 0.2) < fit_temperature(*noisy)
        True
    """
    if not 0 <= mislabelled < 1:
        raise ConfigError(f"the share of mislabelled cells is {mislabelled}, not in 0..1")
    if mislabelled == 0:
        return fit_temperature(logits, y_true)
    targets = checked_targets(y_true)
    margins = checked_logits(logits, targets.size)

    def loss(temperature: float) -> float:
        p = calibrated(margins, temperature)
        observed = p + (1 - p) * mislabelled
        tiny = np.finfo(np.float64).tiny
        log_yes, log_no = (np.log(np.maximum(share, tiny)) for share in (observed, 1 - observed))
        return float(-(targets * log_yes + (1 - targets) * log_no).sum())

    low, high = BOUNDS
    for _ in range(REFINEMENTS):  # the likelihood need not be convex: look all over, then closer
        grid = np.geomspace(low, high, GRID)
        lowest = int(np.argmin([loss(temperature) for temperature in grid]))
        low, high = grid[max(lowest - 1, 0)], grid[min(lowest + 1, GRID - 1)]
    return float(grid[lowest])


def calibrated(logits: ArrayLike, temperature: float = 1.0) -> Floats:
    """`sigmoid(logits / temperature)` as float64 without overflow; 0.5 stays at a logit of 0.

    >>> calibrated([-1000.0, 0.0, 2.0], temperature=2.0).round(3).tolist()
    [0.0, 0.5, 0.731]
    """
    if not temperature > 0:
        raise ConfigError(f"the temperature is {temperature}; it must be above 0")
    small = np.exp(-np.abs(np.asarray(logits, np.float64)) / temperature)
    return np.where(np.asarray(logits) < 0, small, 1.0) / (1.0 + small)


def _bins(probabilities: Floats, bins: int) -> Ints:
    """The bin of each probability [N], 0..bins-1."""
    if bins < 1:
        raise ConfigError(f"{bins} bins cannot hold probabilities; ask for at least one")
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probabilities)
