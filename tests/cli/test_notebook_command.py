"""`laveran notebook`: what reaches the library, and what is shown."""

import json

import pytest


@pytest.fixture
def writing(monkeypatch):
    """`write_notebook` of the library, replaced by one that only notes what it is asked."""
    module = pytest.importorskip("laveran.training.notebook")
    asked = {}

    def write_notebook(runs, out, **given):
        asked.update(runs=[str(run) for run in runs], out=str(out))
        asked.update({name: path and str(path) for name, path in given.items()})
        return module.Notebook(out, 46, ("fine-tuned", "ensemble"))

    monkeypatch.setattr(module, "write_notebook", write_notebook)
    return asked


def test_the_options_reach_the_library(laveran, writing):
    ended = laveran(
        *("notebook", "runs/a", "runs/b", "--out", "h.ipynb", "--data", "d.zip"),
        *("--labels", "l.csv", "--test", "t.zip", "--sample", "s.csv"),
    )
    assert ended.code == 0
    assert writing == {
        "runs": ["runs/a", "runs/b"],
        "out": "h.ipynb",
        "data": "d.zip",
        "labels": "l.csv",
        "test": "t.zip",
        "sample": "s.csv",
    }


INSTALL = " (pip install notebook)\n"


def test_the_screen_says_what_is_not_in_it(laveran, writing):
    ended = laveran("notebook", "runs/a", "--test", "t.zip")
    assert ended.out == "homework.ipynb: 46 cells, to be opened and run with Jupyter" + INSTALL
    missing = "note: no run is of the kind fine-tuned or ensemble; the notebook says so"
    assert ended.err.splitlines() == [missing]
    ended = laveran("notebook", "runs/a")
    assert ended.err.splitlines() == [
        missing,
        "note: there is no submission in it without --test",
    ]


def test_json_is_a_summary(laveran, writing):
    ended = laveran("notebook", "runs/a", "--json")
    assert json.loads(ended.out) == {
        "notebook": "homework.ipynb",
        "n_cells": 46,
        "missing": ["fine-tuned", "ensemble"],
    }


def test_a_run_must_be_named(laveran):
    assert laveran("notebook").code == 2


def test_what_is_no_run_is_one_sentence(refused, tmp_path):
    sentence = refused("notebook", tmp_path, "--out", tmp_path / "h.ipynb")
    assert sentence.startswith(f"{tmp_path} holds no finished run; give a folder that")
    assert not (tmp_path / "h.ipynb").exists()
