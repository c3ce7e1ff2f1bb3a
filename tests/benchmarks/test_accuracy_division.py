"""What is compared was divided alike, or is refused."""

import shutil

import numpy as np
import pytest

from accuracy.division import read_division, read_scores, shared_division, write_scores
from laveran.cells.manifest import read_manifest
from laveran.training.folder import RunFolder


@pytest.fixture
def fold(run):
    return run / "folds" / "0"


@pytest.fixture
def copied(fold, tmp_path):
    return shutil.copytree(fold, tmp_path / "fold")


def redivide(fold, change):
    """Write the cells of a fold again with other parts."""
    division = read_division(fold)
    parts = division.parts.copy()
    change(division.manifest, parts)
    RunFolder(fold).write_cells(division.manifest, parts.tolist())


def test_a_division_is_that_of_the_fold(fold):
    division = read_division(fold)
    test = RunFolder(fold).read_predictions()
    assert sorted(division.part("test").names) == sorted(test.names)
    patients = [set(division.part(part).patients) for part in ("train", "valid", "test")]
    assert len(set.union(*patients)) == sum(map(len, patients)) == 12


def test_runs_of_one_division_share_it(fold, copied):
    shared = shared_division({"one": fold, "other": copied})
    assert shared.checksum == read_division(fold).checksum


def test_another_division_is_refused(fold, copied):
    def swap(_, parts):
        train, valid = parts == "train", parts == "valid"
        parts[train], parts[valid] = "valid", "train"

    redivide(copied, swap)
    with pytest.raises(SystemExit, match="other and one were not trained on the same division"):
        shared_division({"one": fold, "other": copied})


def test_another_fold_is_refused(fold):
    with pytest.raises(SystemExit, match="same division"):
        shared_division({"one": fold, "other": fold.parent / "1"})


def test_a_patient_on_two_sides_is_refused(copied):
    def tear(manifest, parts):
        parts[np.flatnonzero(parts == "test")[0]] = "train"

    redivide(copied, tear)
    with pytest.raises(SystemExit, match="is in"):
        read_division(copied)


def test_predictions_of_other_cells_are_refused(copied, fold):
    (copied / "predictions.csv").write_bytes((fold.parent / "1" / "predictions.csv").read_bytes())
    with pytest.raises(SystemExit, match="does not score the test part"):
        shared_division({"one": copied})


def test_an_unfinished_fold_is_refused(copied):
    (copied / "metrics.json").unlink()
    with pytest.raises(SystemExit, match="--resume"):
        read_division(copied)


def test_thinning_leaves_what_is_scored(fold):
    division = read_division(fold)
    thinned = division.thinned(10)
    assert len(thinned.part("train")) == 10
    assert thinned.part("valid") == division.part("valid")
    assert thinned.part("test") == division.part("test")
    assert division.thinned(1000) is division


def test_scores_come_back(fold, tmp_path):
    test = read_division(fold).part("test")
    scores = np.linspace(0, 1, len(test))
    write_scores(tmp_path / "scores.csv", test, scores)
    np.testing.assert_allclose(read_scores(tmp_path / "scores.csv", test), scores, atol=1e-9)


def test_scores_of_other_cells_are_refused(fold, tmp_path):
    manifest = read_manifest(fold / "cells.csv")
    write_scores(tmp_path / "scores.csv", manifest, np.zeros(len(manifest)))
    with pytest.raises(SystemExit, match="scores other cells"):
        read_scores(tmp_path / "scores.csv", read_division(fold).part("test"))
