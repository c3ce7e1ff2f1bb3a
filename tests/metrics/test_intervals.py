"""Intervals against a slow plain bootstrap, and whether they hold what they promise."""

import numpy as np
import pytest

from laveran.errors import ConfigError
from laveran.metrics import Figure, accuracy, evaluate, intervals
from laveran.metrics.intervals import resampled, with_interval


def two_rates(draw, n_patients=30, n_cells=20):
    """Cells of patients whose accuracies differ (mean 0.8), one array of patients, one of calls."""
    rate = draw.beta(8, 2, n_patients)
    right = draw.random((n_patients, n_cells)) < rate[:, np.newaxis]
    return np.repeat(np.arange(n_patients), n_cells), np.where(right, 0.9, 0.1).ravel()


def interval(patients, y_prob, seed=0, resamples=400):
    y_true = np.ones(y_prob.size, int)
    spread = resampled(lambda w: accuracy(y_true, y_prob, 0.5, w), patients, resamples, seed)
    return with_interval(float(accuracy(y_true, y_prob)), spread)


def test_about_95_of_100_intervals_hold_the_truth():
    draw = np.random.default_rng(11)
    found = [interval(*two_rates(draw)) for _ in range(200)]
    held = np.mean([figure.low <= 0.8 <= figure.high for figure in found])
    assert 0.88 <= held <= 0.98  # percentile intervals of 30 patients are a little short


def test_resampling_cells_as_if_they_were_alone_is_too_sure():
    patients, y_prob = two_rates(np.random.default_rng(2))
    honest = interval(patients, y_prob)
    sure = interval(np.arange(y_prob.size), y_prob)
    assert honest.high - honest.low > 1.3 * (sure.high - sure.low)


def test_the_seed_alone_decides():
    patients, y_prob = two_rates(np.random.default_rng(3))
    assert interval(patients, y_prob, seed=1) == interval(patients, y_prob, seed=1)
    assert interval(patients, y_prob, seed=1) != interval(patients, y_prob, seed=2)


def test_blocks_do_not_change_the_draw(monkeypatch):
    patients, y_prob = two_rates(np.random.default_rng(4))
    whole = interval(patients, y_prob)
    monkeypatch.setattr(intervals, "BLOCK", 7 * y_prob.size)
    assert interval(patients, y_prob) == whole


def test_a_resample_draws_as_many_patients_as_there_are():
    patient = np.array([0, 0, 1, 2])
    weights = resampled(lambda w: np.moveaxis(w, -1, 0), patient, 50, seed=0)  # [N, R]
    assert weights.shape == (4, 50)
    assert np.array_equal(weights[0], weights[1])
    assert np.array_equal(weights[1:].sum(0), np.full(50, 3))


def test_undefined_resamples_are_left_out():
    spread = np.concatenate([np.full(40, np.nan), np.linspace(0, 1, 41)])
    assert with_interval(0.5, spread) == Figure(0.5, pytest.approx(0.025), pytest.approx(0.975))


def test_too_few_defined_resamples_give_no_interval():
    spread = np.concatenate([np.full(60, np.nan), np.linspace(0, 1, 41)])
    assert with_interval(0.5, spread) == Figure(0.5)


def test_undefined_stays_undefined():
    assert with_interval(np.nan, np.full(10, np.nan)) == Figure(None)
    assert Figure(None).to_json() == {"value": None, "low": None, "high": None}


def test_one_patient_has_no_interval():
    found = evaluate([0, 1, 1], [0.1, 0.9, 0.2], ["A", "A", "A"])
    assert found.accuracy == Figure(pytest.approx(2 / 3))


def test_nothing_but_right_calls_keep_an_interval():
    found = evaluate([0, 1, 1, 0], [0.1, 0.9, 0.9, 0.1], ["A", "A", "B", "B"])
    assert found.accuracy == Figure(1.0, 1.0, 1.0)


def test_negative_resamples_are_refused():
    with pytest.raises(ConfigError, match="0 or more"):
        evaluate([0, 1], [0.1, 0.9], ["A", "B"], resamples=-1)
