"""Suspected labels: flipped ones are found, and what is missing is one sentence."""

import sys

import numpy as np
import pytest

from laveran.audit.suspects import rank_labels
from laveran.errors import ConfigError, DataError


def flipped(n_cells=600, n_flipped=20, seed=0):
    """Labels of which some are flipped, and probabilities of a good network."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, n_cells)
    y_prob = np.abs(truth - draw.beta(1, 20, n_cells))
    wrong = draw.choice(n_cells, n_flipped, replace=False)
    labels = truth.copy()
    labels[wrong] = 1 - labels[wrong]
    return labels, y_prob, set(wrong.tolist())


def test_flipped_labels_are_suspected_the_worst_first():
    labels, y_prob, wrong = flipped()
    ranking = rank_labels(labels, y_prob)
    found = ranking.order.tolist()
    assert len(wrong & set(found)) >= 12
    assert set(found) <= wrong
    given = np.where(labels == 1, y_prob, 1 - y_prob)
    np.testing.assert_allclose(ranking.quality, given)
    assert found == sorted(found, key=lambda i: given[i])


def test_right_labels_are_not_suspected():
    labels, y_prob, _ = flipped(n_flipped=0)
    assert rank_labels(labels, y_prob).order.size == 0


def test_cells_of_one_class_cannot_be_ranked():
    with pytest.raises(DataError, match="cells of both classes"):
        rank_labels([1, 1], [0.9, 0.1])


def test_without_cleanlab_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(ConfigError, match=r"need cleanlab.*pip install 'laveran\[train\]'"):
        rank_labels([0, 1], [0.1, 0.9])
