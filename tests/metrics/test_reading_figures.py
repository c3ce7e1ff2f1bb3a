"""Label noise, agreement of readers and a model on re-read cells, against other implementations."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from laveran.errors import DataError
from laveran.metrics import Figure, accuracy, auroc
from laveran.metrics.readings import (
    UNSURE,
    agreement,
    cohen_kappa,
    label_noise,
    reading_figures,
    wilson,
)


def two_readers(n_cells=300, seed=1):
    draw = np.random.default_rng(seed)
    first = draw.choice([1, 0, UNSURE], n_cells, p=[0.45, 0.45, 0.1])
    second = np.where(draw.random(n_cells) < 0.85, first, draw.choice([1, 0, UNSURE], n_cells))
    return first, second


@pytest.mark.parametrize(("part", "whole"), [(10, 264), (9, 134), (119, 120), (1, 2)])
def test_wilson_ends_where_the_score_test_does(part, whole):
    found = wilson(part, whole)
    assert found.low < found.value == part / whole < found.high
    for end in (found.low, found.high):
        spread = np.sqrt(end * (1 - end) / whole)
        assert abs(found.value - end) / spread == pytest.approx(1.959964, abs=1e-6)


def test_wilson_promises_no_certainty():
    assert wilson(0, 20).high == pytest.approx(0.1611, abs=1e-4)
    assert wilson(20, 20) == Figure(1.0, pytest.approx(1 - 0.1611, abs=1e-4), 1.0)
    assert wilson(0, 0) == Figure(None)


def test_about_95_of_100_wilson_intervals_hold_the_truth():
    draws = np.random.default_rng(2).binomial(134, 0.067, 400)
    found = [wilson(int(n), 134) for n in draws]
    assert 0.92 <= np.mean([each.low <= 0.067 <= each.high for each in found]) <= 0.98


def test_label_noise_is_counted_by_class():
    labels = [1] * 10 + [0] * 8 + [UNSURE]
    readings = [1] * 6 + [0] * 3 + [UNSURE] + [0] * 7 + [1] + [1]
    noise = label_noise(labels, readings)
    assert (noise.n_cells, noise.n_certain) == (19, 17)
    assert noise.unsure == wilson(1, 19)
    assert noise.wrong == wilson(4, 17)
    assert noise.wrong_parasitized == wilson(3, 9)
    assert noise.wrong_uninfected == wilson(1, 8)
    assert noise.to_json()["wrong"].keys() == {"value", "low", "high"}


def test_kappa_is_that_of_scikit_learn():
    first, second = two_readers()
    assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second))
    assert cohen_kappa(first, first) == 1


def test_kappa_takes_weights_as_repeated_cells():
    first, second = two_readers(60)
    times = np.random.default_rng(3).integers(0, 4, (5, 60))
    expected = [cohen_kappa_score(np.repeat(first, row), np.repeat(second, row)) for row in times]
    np.testing.assert_allclose(cohen_kappa(first, second, times), expected)


def test_kappa_of_one_same_answer_is_undefined():
    assert np.isnan(cohen_kappa([1, 1], [1, 1]))
    assert agreement([1, 1], [1, 1]).kappa == Figure(None)


def test_agreement_tells_certain_cells_apart():
    first, second = two_readers()
    found = agreement(first, second, resamples=200)
    certain = (first != UNSURE) & (second != UNSURE)
    assert (found.n_cells, found.n_certain) == (300, certain.sum())
    assert found.kappa_certain.value == pytest.approx(
        cohen_kappa_score(first[certain], second[certain])
    )
    assert found.kappa.low < found.kappa.value < found.kappa.high


def test_readers_who_are_never_both_certain_have_no_kappa_on_certain_cells():
    found = agreement([1, UNSURE], [UNSURE, 0])
    assert (found.n_certain, found.kappa_certain) == (0, Figure(None))


def test_a_model_is_measured_on_certain_cells():
    readings, _ = two_readers(200)
    draw = np.random.default_rng(4)
    y_prob, y_true = draw.random(200), draw.integers(0, 2, 200)
    patients = np.repeat(np.arange(20), 10)
    found = reading_figures(y_true, y_prob, readings, patients, 0.4, {"strict": 0.9, "none": None})
    certain = readings != UNSURE
    truth = readings[certain]
    assert (found["n_cells"], found["n_certain"]) == (200, certain.sum())
    assert found["agreement"].value == accuracy(truth, y_prob[certain], 0.4)
    assert found["auroc"].value == auroc(truth, y_prob[certain])
    assert found["label_agreement"].value == np.mean(y_true[certain] == truth)
    assert found["strict"].value == np.mean(y_prob[readings == 1] >= 0.9)
    assert found["specificity"].value == np.mean(y_prob[readings == 0] < 0.4)
    assert found["none"] == Figure(None)


def test_nothing_certain_leaves_every_figure_undefined():
    found = reading_figures([1, 0], [0.9, 0.1], [UNSURE, UNSURE], ["A", "B"])
    assert found["n_certain"] == 0
    assert found["agreement"] == found["sensitivity"] == Figure(None)


@pytest.mark.parametrize(
    ("labels", "readings", "message"),
    [
        ([1, 0], [1], "2 and 1 answers"),
        ([], [], "at least one cell"),
        ([1, 0], [1, 2], "readings holds more than"),
        ([3, 0], [1, 0], "y_true holds more than"),
    ],
)
def test_what_does_not_fit_is_refused(labels, readings, message):
    with pytest.raises(DataError, match=message):
        label_noise(labels, readings)
