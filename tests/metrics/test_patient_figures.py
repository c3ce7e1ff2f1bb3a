"""Figures that know whose cells they are: small cases by hand, and plain definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.errors import ConfigError, DataError
from laveran.metrics import (
    accuracy,
    blank_false_positive_rate,
    patient_table,
    sensitivity_at_specificity,
    threshold_at_specificity,
    worst_tenth_accuracy,
)

probability = st.one_of(st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]), st.floats(0, 1))
cells = st.lists(
    st.tuples(st.integers(0, 1), probability, st.sampled_from("ABCDE")), min_size=1, max_size=60
).map(lambda rows: tuple(np.array(column) for column in zip(*rows, strict=True)))


def with_accuracies(*shares, n_cells=20):
    """Patients of `n_cells` parasitized cells each, of which a share is called right."""
    right = [np.arange(n_cells) < round(share * n_cells) for share in shares]
    y_prob = np.where(np.concatenate(right), 0.9, 0.1)
    return np.ones(y_prob.size, int), y_prob, np.repeat(np.arange(len(shares)), n_cells)


def test_blank_counts_only_controls():
    y_true = [1, 0, 0, 0, 0, 0]
    y_prob = [0.9, 0.9, 0.9, 0.1, 0.1, 0.5]
    patients = ["A", "A", "B", "B", "C", "C"]
    assert blank_false_positive_rate(y_true, y_prob, patients) == 0.5
    assert blank_false_positive_rate(y_true, y_prob, patients, threshold=0.6) == 0.25


def test_blank_without_controls_is_undefined():
    assert np.isnan(blank_false_positive_rate([1, 0], [0.9, 0.1], ["A", "A"]))


def test_threshold_leaves_exactly_one_in_a_hundred():
    y_true = np.repeat([0, 1], [200, 4])
    y_prob = np.concatenate([np.arange(200) / 200, [0.98, 0.985, 0.99, 1.0]])
    patients = np.repeat(["control", "infected"], [200, 4])
    threshold = threshold_at_specificity(y_true, y_prob, patients)
    assert threshold == np.nextafter(197 / 200, 1)  # 198 of 200 are negative
    assert sensitivity_at_specificity(y_true, y_prob, patients) == 0.5  # 0.985 is not above


def test_without_controls_all_uninfected_cells_set_the_threshold():
    y_true, y_prob = [1, 1, 0, 0], [0.9, 0.3, 0.5, 0.1]
    mixed = ["A", "B", "A", "B"]
    assert sensitivity_at_specificity(y_true, y_prob, mixed) == 0.5
    assert sensitivity_at_specificity(y_true, y_prob) == 0.5
    assert threshold_at_specificity(y_true, y_prob, mixed) == np.nextafter(0.5, 1)


def test_threshold_keeps_the_precision_of_its_probabilities():
    y_prob = np.array([0.9, 0.1, 0.3], dtype=np.float32)
    threshold = threshold_at_specificity([1, 0, 0], y_prob)
    assert (y_prob >= threshold).tolist() == [True, False, False]
    assert threshold == float(np.nextafter(np.float32(0.3), np.float32(1)))


@given(cells, st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_threshold_is_the_lowest_that_is_specific_enough(arrays, specificity):
    y_true, y_prob, patients = arrays
    infected = set(patients[y_true == 1])
    control = np.array([patient not in infected for patient in patients])
    reference = control if control.any() else y_true == 0
    threshold = threshold_at_specificity(y_true, y_prob, patients, specificity)
    sensitive = sensitivity_at_specificity(y_true, y_prob, patients, specificity)
    if not reference.any():
        assert threshold is None
        assert np.isnan(sensitive)
        return
    assert (y_prob[reference] < threshold).mean() >= specificity - 1e-9
    one_lower = y_prob[reference][y_prob[reference] < threshold].max()
    assert (y_prob[reference] < one_lower).mean() < specificity
    found = (y_prob[y_true == 1] >= threshold).mean() if infected else np.nan
    assert sensitive == pytest.approx(found, nan_ok=True)


def test_binary_fractions_do_not_cost_a_cell():
    y_prob = np.arange(100) / 100
    threshold = threshold_at_specificity(np.zeros(100), y_prob, specificity=0.55)
    assert (y_prob < threshold).sum() == 55  # 0.55 * 100 is 55.00000000000001


@given(cells, st.sampled_from([0.5, 0.9, 0.99, 1.0]), st.sampled_from([0.1, 0.4, 2.5]))
def test_only_the_ratio_of_weights_counts(arrays, specificity, scale):
    y_true, y_prob, patients = arrays
    whole = np.arange(y_true.size) % 3 + 1
    figures = [
        sensitivity_at_specificity(y_true, y_prob, patients, specificity, weights)
        for weights in (whole, scale * whole)
    ]
    assert figures[1] == pytest.approx(figures[0], nan_ok=True)


def test_specificity_must_make_sense():
    with pytest.raises(ConfigError, match="above 0"):
        threshold_at_specificity([0, 1], [0.1, 0.9], specificity=0)


def test_worst_tenth_of_twenty_is_two():
    arrays = with_accuracies(0.5, 0.7, *[0.9] * 18)
    assert worst_tenth_accuracy(*arrays) == pytest.approx(0.6)


def test_worst_tenth_of_twenty_one_is_three():
    arrays = with_accuracies(0.5, 0.7, *[0.9] * 19)
    assert worst_tenth_accuracy(*arrays) == pytest.approx(0.7)


def test_worst_tenth_leaves_out_patients_with_few_cells():
    few = with_accuracies(0.0, n_cells=19)
    enough = with_accuracies(0.8, 0.9)
    y_true, y_prob, patients = (np.append(a, b) for a, b in zip(few, enough, strict=True))
    patients[:19] = 7
    assert worst_tenth_accuracy(y_true, y_prob, patients) == 0.8
    assert np.isnan(worst_tenth_accuracy(*few))


def test_worst_tenth_pools_cells_and_prefers_more_of_them_among_equals():
    # 11 patients, so two: the big one at 0.5 (40 cells), then one of those at 0.9.
    y_true, y_prob, patients = with_accuracies(0.5, 0.5, *[0.9] * 10)
    patients[patients == 1] = 0
    assert worst_tenth_accuracy(y_true, y_prob, patients) == pytest.approx((20 + 18) / 60)
    y_true, y_prob, patients = with_accuracies(0.5, *[0.8] * 12)
    patients[patients == 12] = 11  # of eleven at 0.8 the last one has 40 cells
    assert worst_tenth_accuracy(y_true, y_prob, patients) == pytest.approx((10 + 32) / 60)


def test_worst_tenth_does_not_depend_on_names():
    y_true, y_prob, patients = with_accuracies(0.5, 0.6, 0.6, 0.6, *[0.9] * 10)
    renamed = 100 - patients
    assert worst_tenth_accuracy(y_true, y_prob, renamed) == worst_tenth_accuracy(
        y_true, y_prob, patients
    )


@given(st.lists(st.integers(0, 4), min_size=8, max_size=8), st.integers(0, 1000))
def test_a_patient_of_weight_two_is_two_patients(times, seed):
    draw = np.random.default_rng(seed)
    patients = np.repeat(np.arange(8), draw.integers(15, 40, 8))
    y_true = draw.integers(0, 2, patients.size)
    y_prob = draw.random(patients.size)
    copies = [
        (np.flatnonzero(patients == p), 10 * p + copy) for p in range(8) for copy in range(times[p])
    ]
    found = worst_tenth_accuracy(y_true, y_prob, patients, weights=np.array(times)[patients])
    if not copies:
        assert np.isnan(found)
        return
    index = np.concatenate([where for where, _ in copies])
    names = np.concatenate([np.full(where.size, name) for where, name in copies])
    expected = plain_worst_tenth(y_true[index], y_prob[index], names)
    assert found == pytest.approx(expected, nan_ok=True)


def plain_worst_tenth(y_true, y_prob, patients):
    """The definition with plain lists."""
    rows = []
    for patient in sorted(set(patients.tolist())):
        right = ((y_prob >= 0.5) == y_true)[patients == patient]
        if right.size >= 20:
            rows.append((right.mean(), -right.size, right.sum()))
    worst = sorted(rows)[: max(1, math.ceil(len(rows) / 10))]
    return sum(row[2] for row in worst) / -sum(row[1] for row in worst) if worst else math.nan


@given(cells)
def test_patient_table_adds_up(arrays):
    y_true, y_prob, patients = arrays
    rows = patient_table(y_true, y_prob, patients)
    assert sum(row.n_cells for row in rows) == y_true.size
    assert sum(row.n_parasitized for row in rows) == y_true.sum()
    assert sum(row.n_called for row in rows) == (y_prob >= 0.5).sum()
    assert {row.patient for row in rows} == set(patients.tolist())
    wrong = sum(row.false_positives + row.false_negatives for row in rows)
    assert 1 - wrong / y_true.size == pytest.approx(accuracy(y_true, y_prob))
    assert [row.accuracy for row in rows] == sorted(row.accuracy for row in rows)


def test_patient_table_by_hand():
    rows = patient_table([1, 1, 0, 0], [0.2, 0.9, 0.7, 0.1], ["B", "B", "B", "A"])
    first = rows[0]
    assert (first.patient, first.n_cells, first.n_parasitized, first.n_called) == ("B", 3, 2, 2)
    assert (first.false_positives, first.false_negatives) == (1, 1)
    assert first.accuracy == pytest.approx(1 / 3)
    assert rows[1].patient == "A"


@pytest.mark.parametrize(
    ("patients", "message"),
    [
        (["A"], "2 labels"),
        (["A", ""], "position 1 has no patient"),
        (["A", None], "a name or a number"),
        ([0.5, 1.5], "a name or a number"),
    ],
)
def test_wrong_patients_are_refused(patients, message):
    with pytest.raises(DataError, match=message):
        worst_tenth_accuracy([0, 1], [0.1, 0.9], patients)
