"""`evaluate` against a slow plain bootstrap on scikit-learn, and the paired difference."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from laveran.errors import ConfigError, DataError
from laveran.metrics import (
    Evaluation,
    Figure,
    ece,
    evaluate,
    operating_figures,
    paired_difference,
)

KEYS = [
    "n_cells", "n_patients", "accuracy", "sensitivity", "specificity", "f1", "mcc", "auroc",
    "brier", "ece", "blank_false_positive_rate", "worst_tenth_accuracy",
    "sensitivity_at_99_specificity",
]  # fmt: skip


def scored(seed=0, n_infected=8, n_controls=4, n_cells=30, noise=0.3):
    """Labels, probabilities with ties, and patients of whom some are controls."""
    draw = np.random.default_rng(seed)
    n_patients = n_infected + n_controls
    patients = np.repeat(np.arange(n_patients), draw.integers(n_cells // 2, n_cells, n_patients))
    infection = np.append(draw.uniform(0.2, 0.8, n_infected), np.zeros(n_controls))
    y_true = (draw.random(patients.size) < infection[patients]).astype(int)
    y_prob = np.clip(0.2 + 0.6 * y_true + draw.normal(0, noise, patients.size), 0, 1).round(2)
    return y_true, y_prob, np.array([f"P{patient:02d}" for patient in patients])


def plain_figures(y_true, y_prob, patients, controls):
    """The figures by their definitions; `controls` are those of the whole data."""
    called = (y_prob >= 0.5).astype(int)
    control = np.isin(patients // 100, controls)  # hundreds: who; the rest: which copy
    limit = np.sort(y_prob[control])[int(np.ceil(0.99 * control.sum() - 1e-9)) - 1]
    by_patient = []
    for patient in np.unique(patients):
        right = (called == y_true)[patients == patient]
        if right.size >= 20:
            by_patient.append((right.mean(), -right.size, right.sum()))
    worst = sorted(by_patient)[: -(-len(by_patient) // 10)]
    return {
        "accuracy": oracle.accuracy_score(y_true, called),
        "sensitivity": oracle.recall_score(y_true, called),
        "specificity": oracle.recall_score(y_true, called, pos_label=0),
        "f1": oracle.f1_score(y_true, called),
        "mcc": oracle.matthews_corrcoef(y_true, called),
        "auroc": oracle.roc_auc_score(y_true, y_prob),
        "brier": oracle.brier_score_loss(y_true, y_prob),
        "ece": float(ece(y_true, y_prob)),
        "blank_false_positive_rate": called[control].mean(),
        "worst_tenth_accuracy": sum(w[2] for w in worst) / -sum(w[1] for w in worst),
        "sensitivity_at_99_specificity": (y_prob[y_true == 1] > limit).mean(),
    }


def test_evaluate_agrees_with_a_plain_bootstrap():
    y_true, y_prob, names = scored()
    distinct, patient = np.unique(names, return_inverse=True)
    controls = [p for p in range(distinct.size) if y_true[patient == p].sum() == 0]
    found = evaluate(y_true, y_prob, names, seed=3, resamples=60)

    rows = []
    for drawn in np.random.default_rng(3).integers(distinct.size, size=(60, distinct.size)):
        if not np.isin(drawn, controls).any():
            continue
        index = [np.flatnonzero(patient == p) for p in drawn]
        copies = np.repeat(100 * drawn + np.arange(drawn.size), [len(where) for where in index])
        index = np.concatenate(index)
        rows.append(plain_figures(y_true[index], y_prob[index], copies, controls))
    assert len(rows) == 60

    for name, value in plain_figures(y_true, y_prob, 100 * patient, controls).items():
        low, high = np.percentile([row[name] for row in rows], [2.5, 97.5])
        expected = Figure(pytest.approx(value), pytest.approx(low), pytest.approx(high))
        assert getattr(found, name) == expected, name


def test_json_has_the_keys_in_order_and_survives():
    data = evaluate(*scored(), resamples=50).to_json()
    assert list(data) == KEYS
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert isinstance(data["n_cells"], int)
    assert data["n_patients"] == 12
    for name in KEYS[2:]:
        figure = data[name]
        assert list(figure) == ["value", "low", "high"]
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_one_class_only_leaves_figures_undefined():
    y_true, y_prob, patients = scored(n_infected=0)
    data = evaluate(y_true, y_prob, patients, resamples=50).to_json()
    undefined = {name for name in KEYS[2:] if data[name]["value"] is None}
    assert undefined == {"sensitivity", "f1", "mcc", "auroc", "sensitivity_at_99_specificity"}


def test_without_patients_nothing_is_said_of_them():
    y_true, y_prob, _ = scored()
    found = evaluate(y_true, y_prob, np.arange(y_true.size), unit="cell", resamples=50)
    assert found.n_patients == 0
    assert found.blank_false_positive_rate == Figure(None)
    assert found.worst_tenth_accuracy == Figure(None)
    limit = np.sort(y_prob[y_true == 0])[int(np.ceil(0.99 * (y_true == 0).sum())) - 1]
    assert found.sensitivity_at_99_specificity.value == (y_prob[y_true == 1] > limit).mean()
    assert list(found.to_json()) == KEYS


def test_one_control_has_a_blank_without_an_interval():
    y_true, y_prob, patients = scored(n_controls=1)
    y_prob[-1] = 0.9
    found = evaluate(y_true, y_prob, patients, resamples=200).blank_false_positive_rate
    assert 0 < found.value < 1
    assert found.low is None


def test_no_resamples_give_figures_without_intervals():
    with_them = evaluate(*scored(), resamples=20)
    without = evaluate(*scored(), resamples=0)
    assert without.accuracy == Figure(with_them.accuracy.value)


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_the_order_of_cells_does_not_matter(random):
    y_true, y_prob, patients = scored(n_infected=3, n_controls=2)
    order = list(range(y_true.size))
    random.shuffle(order)
    shuffled = evaluate(y_true[order], y_prob[order], patients[order], resamples=30).to_json()
    for name, value in evaluate(y_true, y_prob, patients, resamples=30).to_json().items():
        assert shuffled[name] == pytest.approx(value), name


def test_numbers_serve_as_patients():
    y_true, y_prob, names = scored()
    numbers = np.unique(names, return_inverse=True)[1]
    assert evaluate(y_true, y_prob, numbers, resamples=20) == evaluate(
        y_true, y_prob, names, resamples=20
    )


@pytest.mark.slow
def test_homework_size_takes_little_time():
    draw = np.random.default_rng(1)
    patients = np.arange(12_586) % 90
    y_true = draw.integers(0, 2, patients.size) * (patients > 21)
    y_prob = draw.random(patients.size)
    start = time.process_time()
    evaluate(y_true, y_prob, patients, resamples=1000)
    assert time.process_time() - start < 3


def test_a_better_model_differs_by_more_than_chance():
    y_true, sharp, patients = scored(noise=0.1, n_cells=60)
    dull = np.clip(sharp + np.random.default_rng(1).normal(0, 0.4, sharp.size), 0, 1)
    ahead = paired_difference(y_true, sharp, dull, patients, resamples=300)
    behind = paired_difference(y_true, dull, sharp, patients, resamples=300)
    assert ahead.low > 0
    assert (behind.value, behind.low) == (-ahead.value, pytest.approx(-ahead.high))


@pytest.mark.parametrize("name", KEYS[2:])
def test_a_paired_difference_is_that_of_the_figures(name):
    y_true, a, patients = scored()
    b = np.clip(a + np.random.default_rng(1).normal(0, 0.2, a.size), 0, 1)
    found = paired_difference(y_true, a, b, patients, name, resamples=40)
    first, second = (evaluate(y_true, p, patients, resamples=0) for p in (a, b))
    assert found.value == pytest.approx(getattr(first, name).value - getattr(second, name).value)
    assert found.low <= found.high


def test_paired_interval_is_narrower_than_an_unpaired_one():
    y_true, a, patients = scored(n_infected=20, n_controls=0)
    hard = np.isin(patients, ["P01", "P02", "P03", "P04", "P05"])
    a = np.where(hard, 1 - a, a)  # both models fail on the same patients
    b = np.where(np.arange(a.size) % 25 == 0, 1 - a, a)
    paired = paired_difference(y_true, a, b, patients, resamples=400)
    alone = evaluate(y_true, a, patients, resamples=400).accuracy
    assert paired.high - paired.low < (alone.high - alone.low) / 2


def test_a_model_does_not_differ_from_itself():
    y_true, y_prob, patients = scored()
    assert paired_difference(y_true, y_prob, y_prob, patients, "auroc") == Figure(0.0, 0.0, 0.0)


def test_wrong_questions_are_refused():
    with pytest.raises(ConfigError, match="choose one of accuracy"):
        paired_difference([0, 1], [0.1, 0.9], [0.2, 0.8], ["A", "B"], "kappa")
    with pytest.raises(DataError, match="2 labels"):
        paired_difference([0, 1], [0.1, 0.9], [0.2], ["A", "B"])
    with pytest.raises(ConfigError, match="no unit 'slide'"):
        evaluate([0, 1], [0.1, 0.9], ["A", "B"], unit="slide")
    with pytest.raises(DataError, match="no patient"):
        evaluate([0, 1], [0.1, 0.9], ["A", ""])


def test_calls_replace_the_threshold_and_nothing_else():
    y_true, y_prob, patients = scored()
    limits = np.where(np.arange(y_true.size) % 2, 0.3, 0.7)  # as of two networks
    found = evaluate(y_true, y_prob, patients, called=y_prob >= limits, resamples=0).to_json()
    plain = evaluate(y_true, y_prob, patients, resamples=0).to_json()
    assert found["accuracy"]["value"] == np.mean((y_prob >= limits) == y_true)
    assert found["accuracy"] != plain["accuracy"]
    for name in ("auroc", "brier", "ece", "sensitivity_at_99_specificity"):
        assert found[name] == plain[name]
    with pytest.raises(DataError):
        evaluate(y_true, y_prob, patients, called=[True])


def test_figures_of_an_operating_point_are_those_of_evaluate():
    y_true, y_prob, patients = scored()
    whole = evaluate(y_true, y_prob, patients, 0.4, seed=3, resamples=50)
    found = operating_figures(y_true, y_prob >= 0.4, patients, seed=3, resamples=50)
    assert found == {
        "accuracy": whole.accuracy,
        "sensitivity": whole.sensitivity,
        "specificity": whole.specificity,
        "blank": whole.blank_false_positive_rate,
    }
    by_cell = operating_figures(y_true, y_prob >= 0.4, patients, unit="cell", resamples=0)
    assert by_cell["blank"].value is None
    with pytest.raises(ConfigError, match="no unit 'slide'"):
        operating_figures(y_true, y_prob >= 0.4, patients, unit="slide")


shares = st.none() | st.floats(-1, 1)
figures = st.builds(Figure, shares, shares, shares)
counts = dict.fromkeys(KEYS[:2], st.integers(0, 10**6))


@given(st.builds(Evaluation, **counts, **dict.fromkeys(KEYS[2:], figures)))
def test_figures_come_back_from_json(evaluation):
    text = json.dumps({"protocol": "something else", **evaluation.to_json()})
    assert Evaluation.from_json(json.loads(text)) == evaluation


@pytest.mark.parametrize("name", KEYS)
def test_json_that_is_not_of_figures_is_one_sentence(name):
    y_true, y_prob, patients = scored()
    values = evaluate(y_true, y_prob, patients, resamples=0).to_json()
    for wrong in (None, "high", {"value": 1, "middle": 2}):
        with pytest.raises(DataError, match=rf"^the figures hold no {name}, but "):
            Evaluation.from_json({**values, name: wrong})
    del values[name]
    with pytest.raises(DataError, match=rf"^the figures lack {name}$"):
        Evaluation.from_json(values)
