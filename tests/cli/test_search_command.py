"""`laveran search`: what is refused, and what is shown."""

import json
from pathlib import Path

import pytest

from laveran.cells.skipped import Skipped
from laveran.metrics import evaluate
from laveran.training import load_recipe
from laveran.training import search as module
from laveran.training.search_outcome import Search


@pytest.fixture
def searching(monkeypatch, tmp_path):
    """`search` of the library, replaced by one that only notes what it is asked."""
    recipe = load_recipe("fast")
    asked = {}
    figures = evaluate([1, 0, 1], [0.9, 0.2, 0.4], ["A", "B", "C"], resamples=0)

    def search(data, labels, **settings):
        asked.update(data=data, labels=labels, **settings)
        settings["watch"]("search", 1, 60, {"loss": 0.5})
        return Search(
            folder=tmp_path,
            trial=3,
            value=0.98765,
            trials=12,
            recipe=recipe,
            evaluation=asked.get("evaluation", figures),
            protocol="One division, patients disjoint",
            skipped=(Skipped("a.png", "empty (0 bytes)"),),
            notes=("something",),
        )

    monkeypatch.setattr(module, "search", search)
    return asked


def test_the_options_reach_the_library(laveran, searching, tmp_path):
    ended = laveran(
        *("search", "a.zip", "l.csv", "--out", tmp_path, "--budget", "5m", "--trials", 7),
        *("--storage", "postgresql+psycopg://me@host/db", "--folds", 4, "--epochs", 2),
        *("--seed", 9, "--patients", "p.csv"),
    )
    assert ended.code == 0
    assert {name: value for name, value in searching.items() if name != "watch"} == {
        "data": Path("a.zip"),
        "labels": Path("l.csv"),
        "out": tmp_path,
        "budget": "5m",
        "storage": "postgresql+psycopg://me@host/db",
        "trials": 7,
        "folds": 4,
        "epochs": 2,
        "seed": 9,
        "patients": [Path("p.csv")],
    }


def test_the_screen_shows_the_choice_and_the_figures_of_the_locked(laveran, searching, tmp_path):
    ended = laveran("search", "a.zip")
    lines = ended.out.splitlines()
    assert lines[0].startswith("trial 3 of 12 is the best: AUROC 0.9877")
    assert lines[1] == "One division, patients disjoint:"
    assert any(line.split() == ["accuracy", "0.6667"] for line in lines)
    assert str(tmp_path / "recipe.toml") in lines[-1]
    assert "note: something\n" in ended.err
    assert "1 skipped" in ended.err


def test_while_the_patients_are_locked_no_figure_is_shown(laveran, searching):
    searching["evaluation"] = None
    ended = laveran("search", "a.zip")
    assert ended.code == 0
    assert "accuracy" not in ended.out


def test_json_has_the_outcome(laveran, searching):
    found = json.loads(laveran("search", "a.zip", "--json").out)
    assert (found["trial"], found["trials"], found["mean_fold_auroc"]) == (3, 12, 0.98765)
    assert found["accuracy"]["value"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["none.zip"], "cannot open none.zip"),
        (["none.zip", "--budget", "soon"], "the budget 'soon' is no time"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(refused, tmp_path, monkeypatch, words, part):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAVERAN_CACHE", str(tmp_path / "cache"))
    assert part in refused("search", *words)
    assert not (tmp_path / "searches").exists()
