"""`laveran score` is the homework's leaderboard."""

import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score


@pytest.fixture
def tables(tmp_path):
    """A submission and the truth of 101 cells, in two orders; and both as arrays."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 101)
    guess = np.where(rng.random(101) < 0.9, truth, 1 - truth)

    def write(name, labels, order):
        rows = "".join(f"{index}.png,{labels[index]}\n" for index in order)
        (tmp_path / name).write_text(f"img_name,label\n{rows}")
        return tmp_path / name

    return (
        write("submission.csv", guess, range(101)),
        write("truth.csv", truth, rng.permutation(101)),
        guess,
        truth,
    )


def test_accuracy_is_that_of_scikit_learn(laveran, tables):
    submission, truth_file, guess, truth = tables
    board = json.loads(laveran("score", submission, truth_file, "--json").out)
    assert board["overall"] == accuracy_score(truth, guess)
    halves = board["public"] * board["n_public"] + board["private"] * board["n_private"]
    assert halves / 101 == pytest.approx(board["overall"])
    assert (board["n_public"], board["n_private"]) == (51, 50)
    assert list(board) == ["public", "private", "overall", "n_public", "n_private"]


def test_the_screen(laveran, tables):
    submission, truth_file, guess, truth = tables
    ended = laveran("score", submission, truth_file)
    assert ended.code == 0
    assert f"overall {accuracy_score(truth, guess):.4f}" in ended.out
    assert "public half 51 cells, private half 50 cells" in ended.out
    assert laveran("score", truth_file, truth_file).out.startswith(
        "public 1.0000, private 1.0000, overall 1.0000\n"
    )


def test_the_seed_and_the_share_decide_the_halves(laveran, tables):
    submission, truth_file, *_ = tables

    def board(*options):
        return json.loads(laveran("score", submission, truth_file, "--json", *options).out)

    assert board() == board("--seed", 0, "--public-share", 0.5)
    assert len({board("--seed", seed)["public"] for seed in range(5)}) > 1
    assert board("--public-share", 0)["public"] is None
    assert board("--public-share", 1)["private"] is None
    assert "private no cells" in laveran("score", submission, truth_file, "--public-share", 1).out


def test_class_names_and_other_columns_are_understood(laveran, tmp_path):
    (tmp_path / "s.csv").write_text("Id;Predicted;Class\na;0.3;Parasitized\nb;0.2;Uninfected\n")
    (tmp_path / "t.csv").write_text("a,1\nb,1\n")
    board = json.loads(laveran("score", tmp_path / "s.csv", tmp_path / "t.csv", "--json").out)
    assert board["overall"] == 0.5


@pytest.mark.parametrize(
    ("submission", "part"),
    [
        ("img_name,label\na.png,1\n", "the submission lacks 1 id (b.png)"),
        ("img_name,label\na.png,1\nb.png,0\nc.png,0\n", "the submission has 1 id (c.png)"),
        ("img_name,label\na.png,1\nb.png,0\nb.png,1\n", "'b.png' is of no use, labelled both"),
        ("img_name,label\na.png,1\nb.png,maybe\n", "its label is 'maybe'"),
        ("img_name,label\na.png,1\nb.png,2\n", "its label is '2'"),
        ("img_name,label\na.png,1\nb.png,\n", "its label is ''"),
        ("img_name,label\n", "no row of"),
        ("", "is empty"),
        ("img_name,mood\na.png,1\n", "lacks a column"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(refused, tmp_path, submission, part):
    (tmp_path / "s.csv").write_text(submission)
    (tmp_path / "t.csv").write_text("img_name,label\na.png,1\nb.png,0\n")
    assert part in refused("score", tmp_path / "s.csv", tmp_path / "t.csv")


def test_a_missing_file_is_named(refused, tmp_path):
    assert "cannot read the table" in refused("score", tmp_path / "s.csv", tmp_path / "t.csv")


def test_a_truth_of_one_class_is_doubted(laveran, tables, tmp_path):
    sample = tmp_path / "sample_submission.csv"
    sample.write_text("img_name,label\n" + "".join(f"{index}.png,0\n" for index in range(101)))
    ended = laveran("score", tables[0], sample)
    assert ended.code == 0
    assert "is of one class, as in a sample submission: is it the truth?" in ended.err
