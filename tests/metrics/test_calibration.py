"""Calibration error, reliability curve and temperature against plain loops and scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression

from laveran.errors import ConfigError, DataError
from laveran.metrics import (
    calibrated,
    ece,
    fit_temperature,
    fit_temperature_to_noisy,
    reliability_curve,
)

cells = st.lists(
    st.tuples(st.integers(0, 1), st.one_of(st.sampled_from([0.0, 0.2, 0.4, 1.0]), st.floats(0, 1))),
    min_size=1,
).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


def plain_ece(y_true, y_prob, bins):
    """The definition, bin by bin, over (low, high]."""
    edges = np.linspace(0, 1, bins + 1)
    total = 0.0
    for low, high in pairwise(edges):
        inside = (y_prob > low) & (y_prob <= high) | ((low == 0) & (y_prob == 0))
        if inside.any():
            total += inside.mean() * abs(y_prob[inside].mean() - y_true[inside].mean())
    return total


@given(cells, st.integers(1, 20))
def test_ece_is_its_definition(arrays, bins):
    assert ece(*arrays, bins=bins) == pytest.approx(plain_ece(*arrays, bins), abs=1e-12)


@given(cells, st.integers(1, 20))
def test_reliability_curve_agrees_with_scikit_learn(arrays, bins):
    curve = reliability_curve(*arrays, bins=bins)
    if len(set(arrays[0].tolist())) == 2:  # scikit-learn wants both classes
        observed, mean_prob = calibration_curve(*arrays, n_bins=bins)
        np.testing.assert_allclose(curve.observed, observed)
        np.testing.assert_allclose(curve.mean_prob, mean_prob)
    weighted = curve.n_cells * np.abs(curve.mean_prob - curve.observed)
    assert weighted.sum() / len(arrays[0]) == pytest.approx(ece(*arrays, bins=bins))
    assert curve.n_cells.sum() == len(arrays[0])
    assert np.all(curve.mean_prob >= curve.low - 1e-12)
    assert np.all(curve.mean_prob <= curve.high + 1e-12)


def test_ece_by_hand():
    # Two bins of 15 hold cells: 0.04 is off by 0.04 twice, 0.9 is off by 0.4 twice.
    assert ece([0, 0, 1, 0], [0.04, 0.04, 0.9, 0.9]) == pytest.approx((2 * 0.04 + 2 * 0.4) / 4)


def test_no_bins_are_refused():
    with pytest.raises(ConfigError, match="at least one"):
        ece([0, 1], [0.1, 0.9], bins=0)


def overconfident(temperature, n=4000):
    """Logits that are `temperature` times too far from 0, and labels drawn accordingly."""
    draw = np.random.default_rng(5)
    honest = draw.normal(0, 2, n)
    return temperature * honest, (draw.random(n) < calibrated(honest)).astype(int)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_temperature_agrees_with_logistic_regression(temperature):
    logits, y_true = overconfident(temperature)
    slope = LogisticRegression(fit_intercept=False, C=1e12, tol=1e-10).fit(logits[:, None], y_true)
    found = fit_temperature(logits, y_true)
    assert found == pytest.approx(1 / slope.coef_[0, 0], rel=1e-5)
    assert found == pytest.approx(temperature, rel=0.1)


def test_weights_of_a_temperature_count_cells():
    logits, y_true = overconfident(2.0, n=60)
    times = np.arange(60) % 4
    repeated = fit_temperature(np.repeat(logits, times), np.repeat(y_true, times))
    assert fit_temperature(logits, y_true, weights=times) == pytest.approx(repeated)


def test_a_share_of_readers_is_that_share_of_cells():
    logits, share = np.array([2.0, -1.0, 0.5]), np.array([0.75, 0.25, 0.5])
    repeated = np.repeat(logits, 4), [1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0]
    assert fit_temperature(logits, share) == pytest.approx(fit_temperature(*repeated))
    noisy = fit_temperature_to_noisy(logits, share, 0.1)
    assert noisy == pytest.approx(fit_temperature_to_noisy(*repeated, 0.1))


def test_temperature_makes_probabilities_honest():
    logits, y_true = overconfident(3.0)
    before = ece(y_true, calibrated(logits))
    after = ece(y_true, calibrated(logits, fit_temperature(logits, y_true)))
    assert after < before / 3


@given(st.lists(st.tuples(st.floats(-50, 50), st.integers(0, 1)), min_size=1))
def test_no_temperature_within_bounds_fits_better(rows):
    logits, y_true = (np.array(column) for column in zip(*rows, strict=True))

    def loss(temperature):
        return np.logaddexp(0, np.where(y_true == 1, -1, 1) * logits / temperature).mean()

    found = fit_temperature(logits, y_true, bounds=(0.1, 10))
    assert 0.1 <= found <= 10
    assert loss(found) <= min(map(loss, np.geomspace(0.1, 10, 50))) + 1e-9


@given(st.floats(-1e6, 1e6).filter(lambda z: abs(z) > 1e-9), st.floats(0.05, 20))
def test_temperature_never_changes_the_call(logit, temperature):
    assert (calibrated([logit], temperature) >= 0.5) == (logit > 0)


def test_temperature_at_its_bounds():
    assert fit_temperature([3, -3], [1, 0]) == pytest.approx(0.05)
    assert fit_temperature([3, -3], [0, 1]) == pytest.approx(20)
    assert fit_temperature([0, 0], [0, 1]) == 1


@pytest.mark.parametrize(
    ("logits", "y_true", "message"),
    [
        ([1.0], [1, 0], "2 labels"),
        ([1.0, np.inf], [1, 0], "must be finite"),
        ([1.0, 2.0], [1, 3], "y_true is 3"),
        ([1.0, 2.0], [1, 1.5], "y_true is 1.5"),
        ([1.0, 2.0], [1, np.nan], "y_true is nan"),
        ([], [], "at least one"),
    ],
)
def test_wrong_logits_are_refused(logits, y_true, message):
    with pytest.raises(DataError, match=message):
        fit_temperature(logits, y_true)


def test_wrong_temperatures_are_refused():
    with pytest.raises(ConfigError, match="rising"):
        fit_temperature([1.0], [1], bounds=(2.0, 1.0))
    with pytest.raises(ConfigError, match="above 0"):
        calibrated([1.0], temperature=0)


def noisy_cells(temperature, mislabelled, count=20_000):
    """Logits that are `temperature` times too sure; some uninfected cells labelled parasitized."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, count)
    true = rng.random(count) < calibrated(logits)
    labels = true | (rng.random(count) < mislabelled)
    return logits * temperature, labels.astype(int), true


def noisy_loss(logits, labels, temperature, mislabelled):
    """The likelihood by its definition."""
    p = calibrated(logits, temperature)
    q = p + (1 - p) * mislabelled
    return -np.log(np.where(labels == 1, q, np.maximum(1 - q, 1e-300))).mean()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_wrong_labels_do_not_blur_the_temperature(temperature):
    logits, labels, true = noisy_cells(temperature, 0.07)
    found = fit_temperature_to_noisy(logits, labels, 0.07)
    assert found == pytest.approx(temperature, rel=0.05)
    assert ece(true.astype(int), calibrated(logits, found)) < 0.01
    assert fit_temperature(logits, labels) > 1.1 * temperature


def test_the_likelihood_with_wrong_labels_is_highest_there():
    logits, labels, _ = noisy_cells(2.0, 0.1, count=2000)
    found = fit_temperature_to_noisy(logits, labels, 0.1)
    best = noisy_loss(logits, labels, found, 0.1)
    for other in np.geomspace(0.2, 15, 60):
        assert best <= noisy_loss(logits, labels, other, 0.1) + 1e-7


def test_without_wrong_labels_both_temperatures_are_one():
    logits, labels, _ = noisy_cells(1.5, 0.0, count=500)
    expected = fit_temperature(logits, labels)
    assert fit_temperature_to_noisy(logits, labels, 0.0) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
def test_a_share_that_cannot_be_is_refused(share):
    with pytest.raises(ConfigError, match="share of mislabelled cells"):
        fit_temperature_to_noisy([1.0, -1.0], [1, 0], share)
