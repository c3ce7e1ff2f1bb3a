import csv

import numpy as np
import pytest

from laveran.cells.labels import read_truth
from laveran.errors import ConfigError
from laveran.model import demo as module
from laveran.model.runtime import load
from laveran.training.demo import demo


@pytest.fixture(scope="module")
def shown(tiny, tmp_path_factory):
    """A small demo; not to be written to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "TEST_PATIENTS", 2)
        patch.setattr(module, "CELLS_PER_PATIENT", 10)
        out = tmp_path_factory.mktemp("demo")
        return out, demo(out, recipe=tiny, train_patients=8, seed=1)


def test_the_demo_leaves_data_a_run_and_a_submission(shown):
    out, found = shown
    assert {path.name for path in out.iterdir()} == {"data", "run", "submission.csv"}
    assert found.run.folder == out / "run"
    assert found.test.submission == out / "submission.csv"
    assert "synthetic" in (out / "data" / "SYNTHETIC.txt").read_text()


def test_the_submission_has_a_row_for_every_test_cell(shown):
    out, found = shown
    with (out / "data" / "sample_submission.csv").open(newline="") as file:
        asked = list(csv.reader(file))
    with found.test.submission.open(newline="") as file:
        given = list(csv.reader(file))
    assert [row[0] for row in given] == [row[0] for row in asked]
    assert len(given) == 1 + 20


def test_the_leaderboard_is_the_submissions(shown):
    out, found = shown
    truth, given = read_truth(out / "data" / "test_labels.csv"), read_truth(found.test.submission)
    right = np.mean([truth[name] == label for name, label in given.items()])
    assert found.test.leaderboard.overall == pytest.approx(right)


def test_the_model_says_that_its_cells_are_drawn(shown):
    training = load(shown[1].run.folder).contract.training
    assert training.synthetic
    assert training.species.startswith("none: drawn")


def test_a_recipe_that_is_none_leaves_nothing(tmp_path):
    with pytest.raises(ConfigError, match="no recipe is called 'fats'"):
        demo(tmp_path / "demo", recipe="fats")
    assert not (tmp_path / "demo").exists()


def test_a_second_demo_in_the_same_place_is_refused_at_once(shown, tiny):
    out, _ = shown
    before = (out / "data" / "train_labels.csv").stat().st_mtime_ns
    with pytest.raises(ConfigError, match="choose another --out"):
        demo(out, recipe=tiny)
    assert (out / "data" / "train_labels.csv").stat().st_mtime_ns == before
