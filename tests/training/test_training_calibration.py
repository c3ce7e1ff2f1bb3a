from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.metrics import Figure, accuracy, calibrated, fit_temperature
from laveran.training.calibration import (
    ACCURACY,
    EVEN,
    Calibration,
    Placing,
    calibrate,
    operating_points,
)
from laveran.training.recipe import PointName


def overconfident(count=2000, seed=0, truth=3.0):
    """Logits that are `truth` times too large, labels, patients, and whose cells are controls'."""
    rng = np.random.default_rng(seed)
    patients = np.array([f"P{number}" for number in rng.integers(0, 30, count)])
    infected = np.array([int(patient[1:]) % 3 > 0 for patient in patients])
    log_odds = rng.normal(0, 2, count) - 4 * ~infected
    labels = (infected & (rng.random(count) < 1 / (1 + np.exp(-log_odds)))).astype(np.int64)
    control = ~np.isin(patients, patients[labels == 1])
    return (truth * log_odds).astype(np.float32), labels, patients, control


def test_the_temperature_is_that_of_metrics():
    logits, labels, patients, _ = overconfident()
    found = calibrate(logits, labels, labels, patients, Placing(patients_known=True))
    assert found.temperature == fit_temperature(logits, labels)
    assert found.temperature > 2


@given(st.integers(0, 50), st.floats(0.05, 20))
def test_where_it_was_chosen_the_threshold_keeps_its_specificity(seed, truth):
    logits, labels, patients, control = overconfident(300, seed, truth)
    found = calibrate(logits, labels, labels, patients, Placing(patients_known=True))
    called = found.apply([""] * 300, patients, labels, logits).called
    assert list(called) == [ACCURACY, EVEN, "specificity=0.99", "specificity=0.998"]
    for specificity in (0.99, 0.998):
        negative = ~called[f"specificity={specificity}"][control]
        assert negative.mean() >= specificity


def test_the_first_operating_point_is_the_one_asked_for_if_it_is_there():
    logits, labels, patients, _ = overconfident()
    plain = calibrate(logits, labels, labels, patients, Placing(patients_known=True))
    strict = calibrate(
        logits, labels, labels, patients, Placing(patients_known=True, first="specificity=0.99")
    )
    assert strict == plain
    assert next(iter(strict.thresholds)) == "specificity=0.99"
    assert {*plain.thresholds} == {*get_args(PointName)}
    infected = labels == 1
    few = calibrate(
        logits[infected],
        labels[infected],
        labels[infected],
        patients[infected],
        Placing(patients_known=True, first="specificity=0.99"),
    )
    assert list(few.thresholds) == [ACCURACY, EVEN]


def test_without_patients_all_uninfected_cells_choose_the_threshold():
    logits, labels, patients, _ = overconfident()
    found = calibrate(logits, labels, labels, patients, Placing(patients_known=False))
    by_controls = calibrate(logits, labels, labels, patients, Placing(patients_known=True))
    called = found.apply([""] * 2000, patients, labels, logits).called["specificity=0.99"]
    assert 0.99 <= (~called[labels == 0]).mean() < 0.992
    assert found.thresholds["specificity=0.99"] > by_controls.thresholds["specificity=0.99"]


def test_without_uninfected_cells_only_the_even_points_are_left():
    labels = np.ones(3, np.int64)
    found = calibrate(
        np.ones(3, np.float32), labels, labels, np.array(["A"] * 3), Placing(patients_known=True)
    )
    assert found.thresholds == {ACCURACY: 0.5, EVEN: 0.5}


def test_a_threshold_is_never_above_1():
    logits = np.array([500, 500, -500], np.float32)
    labels = np.array([0, 1, 0])
    found = calibrate(
        logits, labels, labels, np.array(["A", "B", "C"]), Placing(patients_known=True)
    )
    assert max(found.thresholds.values()) <= 1


def test_applying_divides_the_logits_and_calls():
    calibration = Calibration(2.0, {ACCURACY: 0.5, "strict": 0.9})
    logits = np.array([-8, 0, 4, 8], np.float32)
    found = calibration.apply(list("abcd"), np.array(list("PPQQ")), np.array([0, 0, 1, 1]), logits)
    assert found.logit.dtype == np.float32
    assert found.logit.tolist() == [-4, 0, 2, 4]
    assert found.called[ACCURACY].tolist() == [False, True, True, True]
    assert found.called["strict"].tolist() == [False, False, False, True]
    assert found.patients == ["P", "P", "Q", "Q"]


def test_operating_points_join_thresholds_and_figures():
    share = Figure(0.75, 0.5, 1.0)
    figures = dict.fromkeys(("accuracy", "sensitivity", "specificity"), share)
    found = operating_points({"mine": 0.7, "unscored": 0.5}, {"mine": figures})
    (point,) = found
    assert (point.name, point.threshold, point.sensitivity.low) == ("mine", 0.7, 0.5)
    assert point.blank.value is None


def doubted(count=20_000, seed=1):
    """Logits, what readers say, and labels that call half of what they doubt parasitized."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 3, count).astype(np.float32)
    read = rng.random(count) < calibrated(logit)
    labels = rng.random(count) < calibrated(logit + 1.5)
    return logit, read.astype(np.float32), labels.astype(np.int64), np.repeat("A", count)


def test_learned_labels_are_met_at_one_half():
    logit, _, labels, groups = doubted()
    found = calibrate(
        logit, labels, labels.astype(np.float32), groups, Placing(patients_known=True)
    )
    assert found.thresholds[ACCURACY] == found.thresholds[EVEN] == 0.5


def test_where_readings_were_learned_the_labels_are_met_below_one_half():
    logit, read, labels, groups = doubted()
    found = calibrate(
        logit, labels, read, groups, Placing(patients_known=True, labels_learned=False)
    )
    assert found.thresholds[EVEN] == 0.5
    assert found.thresholds[ACCURACY] == pytest.approx(calibrated(-1.5), abs=0.02)
    y_prob = calibrated(logit, found.temperature)
    best = max(accuracy(labels, y_prob, threshold) for threshold in np.linspace(0.05, 0.6, 56))
    assert accuracy(labels, y_prob, found.thresholds[ACCURACY]) > best - 0.002


def test_labels_of_one_class_or_against_the_logits_are_met_at_one_half():
    logit, read, labels, groups = doubted(200)
    for odd in (np.ones_like(labels), np.zeros_like(labels), 1 - labels):
        found = calibrate(
            logit, odd, read, groups, Placing(patients_known=True, labels_learned=False)
        )
        assert found.thresholds[ACCURACY] == 0.5


def test_where_nothing_was_learned_the_labels_are_met_at_one_half():
    """The sigmoid's slope is that of chance, and its middle lies where no cell is."""
    rng = np.random.default_rng(0)
    logit, labels = rng.normal(0, 0.001, 90), rng.permutation(np.arange(90) % 5 > 0)
    args = logit.astype(np.float32), labels.astype(np.int64), labels.astype(np.float32)
    found = calibrate(*args, np.repeat("A", 90), Placing(patients_known=True, labels_learned=False))
    assert found.thresholds[ACCURACY] == 0.5


def test_a_known_share_of_wrong_labels_sharpens_the_probability():
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 5, 4000).astype(np.float32)
    parasitized = rng.random(4000) < 1 / (1 + np.exp(-logit))
    labels = (parasitized | (rng.random(4000) < 0.1)).astype(np.int64)
    groups = np.repeat(np.arange(40), 100).astype(str)
    plain = calibrate(logit, labels, labels, groups, Placing(patients_known=True))
    corrected = calibrate(
        logit, labels, labels, groups, Placing(patients_known=True), mislabelled=0.1
    )
    assert corrected.temperature < plain.temperature
    assert corrected.temperature == pytest.approx(1, rel=0.1)


def test_the_temperature_is_that_of_what_the_cells_show():
    logit = np.array([3, 3, -3, -3], np.float32)
    labels = np.array([1, 0, 0, 0])
    read = np.array([1, 0.5, 0, 0], np.float32)
    groups = np.array(["A", "A", "A", "A"])
    found = calibrate(logit, labels, read, groups, Placing(patients_known=True))
    assert found.temperature == fit_temperature(logit, read) < fit_temperature(logit, labels)
