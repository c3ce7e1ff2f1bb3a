"""The leaderboard against scikit-learn, its draw, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from laveran.errors import ConfigError, LabelsError
from laveran.metrics import score

tables = st.dictionaries(
    st.text(min_size=1), st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1
)


def drawn(n=1000, seed=0):
    """A truth and a submission that is right about nine times in ten."""
    draw = np.random.default_rng(seed)
    truth = {f"cell_{i}.png": int(label) for i, label in enumerate(draw.integers(0, 2, n))}
    flipped = draw.random(n) < 0.1
    return {k: v ^ int(f) for (k, v), f in zip(truth.items(), flipped, strict=True)}, truth


@given(tables, st.floats(0, 1), st.integers(0, 5))
def test_accuracies_are_those_of_scikit_learn(table, public_share, seed):
    truth, submitted = ({name: pair[i] for name, pair in table.items()} for i in (0, 1))
    board = score(submitted, truth, public_share, seed)
    assert board.overall == accuracy_score(list(truth.values()), list(submitted.values()))
    assert board.n_public + board.n_private == len(truth)
    assert abs(board.n_public - public_share * len(truth)) <= 0.5
    right = (board.public or 0) * board.n_public + (board.private or 0) * board.n_private
    assert right / len(truth) == pytest.approx(board.overall)


def test_halves_are_halves_and_differ():
    board = score(*drawn(1001))
    assert (board.n_public, board.n_private) == (501, 500)
    assert board.public != board.private


def test_the_order_of_rows_does_not_matter():
    submitted, truth = drawn()
    reverse = {name: truth[name] for name in reversed(truth)}
    assert score(submitted, truth, seed=4) == score(submitted, reverse, seed=4)


def test_the_seed_decides():
    boards = {score(*drawn(), seed=seed).public for seed in range(10)}
    assert len(boards) > 5


def test_the_draw_is_fair():
    submitted, truth = drawn(2000)
    gaps = [(b := score(submitted, truth, seed=seed)).public - b.overall for seed in range(60)]
    assert abs(np.mean(gaps)) < 0.003


def test_all_public_leaves_nothing_private():
    board = score(*drawn(10), public_share=1)
    assert (board.public, board.private) == (board.overall, None)


@pytest.mark.parametrize(
    ("submitted", "truth", "message"),
    [
        ({}, {}, "no rows"),
        ({"a": 1}, {"a": 1, "b": 0, "c": 1, "d": 0, "e": 0}, r"lacks 4 ids \(b, c, d, ...\)"),
        ({"a": 1, "x": 0}, {"a": 1}, r"has 1 id \(x\), not in the truth"),
        ({"a": 2, "b": 0}, {"a": 1, "b": 0}, r"submission has the class 2 for 1 id \(a\)"),
        ({"a": 1, "b": 0}, {"a": 1, "b": -1}, "truth has the class -1"),
    ],
)
def test_what_does_not_fit_is_refused(submitted, truth, message):
    with pytest.raises(LabelsError, match=message):
        score(submitted, truth)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_shares_must_be_shares(share):
    with pytest.raises(ConfigError, match="public share"):
        score({"a": 1}, {"a": 1}, public_share=share)
