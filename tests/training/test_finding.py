from types import SimpleNamespace

import numpy as np
import pytest

from laveran.metrics import evaluate
from laveran.training.finding import Finding, Scored, read_scored
from laveran.training.folder import Predictions, RunFolder


def job(unit="patient", notes=("as said before",), searched_on=""):
    feed = SimpleNamespace(notes=notes, manifest=SimpleNamespace(checksum="ab12"))
    recipe = SimpleNamespace(searched_on=searched_on)
    return SimpleNamespace(feed=feed, recipe=recipe, unit=unit, seed=7, teachers=(), readings=None)


def scored(logits, patients, folder=None, temperature=2.0, best_epoch=1):
    count = len(logits)
    predictions = Predictions(
        [f"{patients[0]}{number}" for number in range(count)],
        list(patients),
        np.arange(count) % 2,
        np.array(logits, np.float32),
        {"accuracy": np.array(logits) >= 0},
    )
    history = [{"epoch": epoch, "train_loss": 1 / epoch} for epoch in (1, 2)]
    return Scored(
        folder or RunFolder("nowhere"), predictions, temperature, 3.5, best_epoch, history
    )


ONE, OTHER = scored([-1, 2, 3, 1], "AABB"), scored([-2, -1], "CC")


def test_the_figures_are_those_of_all_scored_cells():
    found = Finding.of(job(), [ONE, OTHER], "patient", folds=2)
    both = ONE.predictions + OTHER.predictions
    assert found.predictions.names == both.names
    assert found.evaluation == evaluate(both.y_true, both.y_prob, both.patients, seed=7)


def test_the_protocol_says_how_it_was_done():
    assert Finding.of(job(), [ONE], "patient").protocol == (
        "One division, patients disjoint, seed 7: "
        "4 cells of 2 patients that served for nothing else"
    )
    assert Finding.of(job(), [ONE, OTHER], "patient", folds=2).protocol == (
        "2 folds, patients disjoint, seed 7: 6 cells of 3 patients, all out of fold"
    )


def test_cells_read_again_have_figures_of_their_own():
    asked = job()
    asked.readings = SimpleNamespace(
        n_read=9,
        n_contradicted=4,
        n_doubted=2,
        agreed={"random": {"A0": 1, "C1": 0, "Z9": 1}, "disputed": {"A1": 1}},
    )
    found = Finding.of(asked, [ONE, OTHER], "patient", folds=2)
    reread = found.to_json()["readings"]["random"]
    assert "unsure" not in reread
    assert reread["n_certain"] == 2
    assert reread["agreement"]["value"] == 0.5  # A0 at -1 is called none, C1 at -1 rightly so
    assert reread["label_agreement"]["value"] == 0  # A0 is labelled 0, C1 is labelled 1
    assert (
        "readers say of 9 cells stood for their labels (4 contradicted, 2 doubted)"
        in found.protocol
    )
    assert "readings" not in Finding.of(job(), [ONE], "patient").to_json()


@pytest.mark.parametrize("unit", ["photo", "cell"])
@pytest.mark.parametrize("folds", [0, 2])
def test_what_is_optimistic_says_so_everywhere(unit, folds):
    found = Finding.of(job(), [ONE, OTHER], unit, folds=folds)
    assert found.optimistic
    assert found.to_json()["optimistic"] is True
    assert f"divided by {unit}, OPTIMISTIC" in found.protocol
    assert found.notes[0] == "as said before"
    assert found.notes[-1].startswith("OPTIMISTIC")


def test_what_keeps_patients_whole_is_not_optimistic():
    found = Finding.of(job(), [ONE], "patient")
    assert not found.optimistic
    assert found.notes == ("as said before",)
    assert "OPTIMISTIC" not in found.protocol


@pytest.mark.parametrize("unit", ["patient", "cell"])
def test_a_recipe_that_was_chosen_on_these_cells_flatters(unit):
    found = Finding.of(job(searched_on="ab12"), [ONE, OTHER], unit, folds=2)
    assert found.optimistic
    assert found.protocol.endswith("; OPTIMISTIC, the recipe was chosen on these cells")
    assert found.notes[-1].startswith("OPTIMISTIC: a search chose the recipe on these very cells")
    assert len(found.notes) == (2 if unit == "patient" else 3)


def test_a_recipe_that_was_chosen_on_other_cells_does_not():
    assert not Finding.of(job(searched_on="cd34"), [ONE], "patient").optimistic


def test_without_patients_none_are_counted():
    found = Finding.of(job(unit="cell"), [ONE], "cell")
    assert found.evaluation.n_patients == 0
    assert "patients" not in found.protocol


def test_the_history_names_the_folds():
    assert Finding.of(job(), [ONE], "patient").history() == ONE.history
    rows = Finding.of(job(), [ONE, OTHER], "patient", folds=2).history()
    assert [(row["fold"], row["epoch"]) for row in rows] == [(0, 1), (0, 2), (1, 1), (1, 2)]


def test_an_unfinished_fit_has_no_scores(tmp_path):
    folder = RunFolder(tmp_path)
    folder.write_predictions(ONE.predictions)
    assert read_scored(folder) is None


def test_scores_come_back_from_their_folder(tmp_path):
    folder = RunFolder(tmp_path)
    one = scored([-1.1, 0.3, 1 / 3], "AAB", folder, temperature=1.7, best_epoch=2)
    folder.write_predictions(one.predictions)
    folder.write_metrics(
        {
            "temperature": 1.7,
            "outlier_threshold": 3.5,
            "best_epoch": 2,
            "history": one.history,
        }
    )
    again = read_scored(folder)
    assert again.outlier_threshold == 3.5
    assert (again.temperature, again.best_epoch, again.history) == (1.7, 2, one.history)
    assert again.raw_logit.tolist() == one.raw_logit.tolist()
    assert again.predictions.patients == ["A", "A", "B"]


def test_raw_logits_are_those_before_the_temperature():
    assert ONE.raw_logit.tolist() == [-2, 4, 6, 2]
