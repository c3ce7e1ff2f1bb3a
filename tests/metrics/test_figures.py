"""Figures against scikit-learn, by hand, and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from laveran import metrics
from laveran.errors import DataError

CALLS = ["accuracy", "sensitivity", "specificity", "f1", "mcc"]
PROBABILITIES = ["auroc", "brier", "ece"]

# Few distinct values make ties; 0.5 sits on the threshold, 1/3 on an edge of three bins.
probability = st.one_of(st.sampled_from([0.0, 0.2, 1 / 3, 0.5, 0.8, 1.0]), st.floats(0, 1))
cell = st.tuples(st.integers(0, 1), probability)


def arrays(cells):
    y_true, y_prob = zip(*cells, strict=True)
    return np.array(y_true), np.array(y_prob)


@st.composite
def both_classes(draw):
    """Labels and probabilities of cells of which at least one is of each class."""
    first = [(0, draw(probability)), (1, draw(probability))]
    return arrays(draw(st.permutations(first + draw(st.lists(cell, max_size=30)))))


@given(both_classes())
def test_calls_agree_with_scikit_learn(cells):
    y_true, y_prob = cells
    called = (y_prob >= 0.5).astype(int)
    assert np.array_equal(
        metrics.confusion_matrix(y_true, y_prob), oracle.confusion_matrix(y_true, called)
    )
    assert metrics.accuracy(y_true, y_prob) == pytest.approx(oracle.accuracy_score(y_true, called))
    assert metrics.sensitivity(y_true, y_prob) == pytest.approx(oracle.recall_score(y_true, called))
    assert metrics.specificity(y_true, y_prob) == pytest.approx(
        oracle.recall_score(y_true, called, pos_label=0)
    )
    assert metrics.f1(y_true, y_prob) == pytest.approx(oracle.f1_score(y_true, called))
    assert metrics.mcc(y_true, y_prob) == pytest.approx(
        oracle.matthews_corrcoef(y_true, called), abs=1e-12
    )


@given(both_classes())
def test_probabilities_agree_with_scikit_learn(cells):
    assert metrics.auroc(*cells) == pytest.approx(oracle.roc_auc_score(*cells))
    assert metrics.brier(*cells) == pytest.approx(oracle.brier_score_loss(*cells))


@given(both_classes())
def test_roc_curve_is_that_of_scikit_learn_with_fewer_points(cells):
    curve = metrics.roc_curve(*cells)
    every = oracle.roc_curve(*cells, drop_intermediate=False)
    points = set(zip(*(axis.tolist() for axis in every), strict=True))
    assert set(zip(*(axis.tolist() for axis in curve), strict=True)) <= points
    area = np.trapezoid(curve.sensitivity, curve.false_positive_rate)
    assert area == pytest.approx(oracle.roc_auc_score(*cells))


def test_roc_curve_leaves_out_what_lies_on_a_line():
    curve = metrics.roc_curve([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.7, 0.3, 0.2, 0.1])
    assert curve.false_positive_rate.tolist() == [0, 0, 1]
    assert curve.sensitivity.tolist() == [0, 1, 1]
    assert curve.threshold.tolist() == [np.inf, 0.7, 0.1]


@pytest.mark.parametrize("name", CALLS + PROBABILITIES)
@given(
    cells=st.lists(st.tuples(cell, st.lists(st.integers(0, 3), min_size=4, max_size=4)), min_size=1)
)
def test_weights_count_a_cell_several_times(name, cells):
    y_true, y_prob = arrays([one for one, _ in cells])
    weights = np.array([times for _, times in cells]).T
    weights[:, 0] = np.maximum(weights[:, 0], 1)  # some cell must be left
    figure = getattr(metrics, name)
    rows = [figure(np.repeat(y_true, times), np.repeat(y_prob, times)) for times in weights]
    found = figure(y_true, y_prob, weights=weights)
    assert found.shape == (4,)
    np.testing.assert_allclose(found, rows, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "only", "expected"),
    [
        ("accuracy", 0, 0.5),
        ("accuracy", 1, 0.5),
        ("sensitivity", 0, np.nan),
        ("sensitivity", 1, 0.5),
        ("specificity", 0, 0.5),
        ("specificity", 1, np.nan),
        ("f1", 0, np.nan),
        ("f1", 1, 2 / 3),
        ("mcc", 0, np.nan),
        ("mcc", 1, np.nan),
        ("auroc", 0, np.nan),
        ("auroc", 1, np.nan),
    ],
)
def test_one_class_only(name, only, expected):
    found = getattr(metrics, name)([only, only], [0.1, 0.9])
    assert found == pytest.approx(expected, nan_ok=True)


def test_threshold_itself_is_called_parasitized():
    assert metrics.accuracy([1, 0], [0.7, 0.69], threshold=0.7) == 1


def test_confusion_matrix_of_weights_has_one_matrix_a_row():
    found = metrics.confusion_matrix([0, 1], [0.9, 0.9], weights=[[1, 0], [0, 2]])
    assert found.tolist() == [[[0, 1], [0, 0]], [[0, 0], [0, 2]]]


@pytest.mark.parametrize(
    ("y_true", "y_prob", "message"),
    [
        ([0, 1], [0.5], r"y_prob has the shape \(1,\) but y_true has 2 labels"),
        ([], [], "at least one"),
        ([0, 2], [0.5, 0.5], "y_true is 2 at position 1"),
        ([0, -1], [0.5, 0.5], "leave out cells without one"),
        ([0, np.nan], [0.5, 0.5], "y_true is nan at position 1"),
        (["0", "1"], [0.5, 0.5], "not numbers"),
        ([0, 1], [0.5, np.nan], "y_prob is nan at position 1"),
        ([0, 1], [1.2, 0.5], "y_prob is 1.2 at position 0"),
        ([0, 1], [0.5, -0.1], "between 0 and 1"),
        ([0, 1], ["a", "b"], "not numbers"),
        ([[0, 1]], [[0.5, 0.5]], "one label a cell"),
    ],
)
@pytest.mark.parametrize("name", [*CALLS, *PROBABILITIES, "roc_curve", "reliability_curve"])
def test_wrong_input_is_refused(name, y_true, y_prob, message):
    with pytest.raises(DataError, match=message):
        getattr(metrics, name)(y_true, y_prob)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, np.nan], [1.0, np.inf], 1.0])
def test_wrong_weights_are_refused(weights):
    with pytest.raises(DataError, match="weight"):
        metrics.accuracy([0, 1], [0.1, 0.9], weights=weights)


def test_every_public_name_is_there():
    assert [name for name in metrics.__all__ if not hasattr(metrics, name)] == []
    assert metrics.__all__ == sorted(metrics.__all__)
