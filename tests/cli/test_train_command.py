"""`laveran train` and `demo`: what is refused, and what is shown."""

import json
from types import SimpleNamespace

import pytest

from command_lines import parse
from laveran.cells.skipped import Skipped
from laveran.cli.train import By
from laveran.metrics import Figure, evaluate


@pytest.fixture
def training(monkeypatch, tmp_path):
    """`train` of the library, replaced by one that only notes what it is asked."""
    module = pytest.importorskip("laveran.training.train")
    asked = {}

    def train(data, labels, **settings):
        asked.update(data=data, labels=labels, **settings)
        settings["watch"]("fit", 1, 2, {"loss": 0.5})
        return SimpleNamespace(
            reread={"n_certain": 3, "agreement": Figure(0.75, 0.5, 1.0)},
            operating_point="accuracy",
            operating_points={"accuracy": {"accuracy": Figure(0.75, 0.5, 1.0)}},
            folder=tmp_path / "run",
            evaluation=evaluate([1, 0, 1], [0.9, 0.2, 0.4], ["A", "B", "C"]),
            protocol="One division, patients disjoint",
            skipped=(Skipped("a.png", "empty (0 bytes)"),),
            notes=("OPTIMISTIC: something",),
        )

    monkeypatch.setattr(module, "train", train)
    return asked


def test_the_options_reach_the_library(laveran, training, tmp_path):
    ended = laveran(
        *("train", "a.zip", "l.csv", "--out", tmp_path, "--recipe", "fast", "--folds", 5),
        *("--epochs", 3, "--seed", 4, "--resume", "--by", "photo", "--ensemble"),
        *("--patients", "p.csv", "--patients", "q.csv"),
        *("--species", "P. falciparum", "--licence", "CC-BY-4.0"),
        *("--readings", "a.csv", "--readings", "b.csv", "--key", "k.csv"),
    )
    assert ended.code == 0
    assert {name: str(value) for name, value in training.items() if name != "watch"} == {
        "data": "a.zip",
        "labels": "l.csv",
        "out": str(tmp_path),
        "recipe": "fast",
        "folds": "5",
        "ensemble": "True",
        "teachers": "()",
        "readings": str([tmp_path.__class__("a.csv"), tmp_path.__class__("b.csv")]),
        "key": "k.csv",
        "epochs": "3",
        "seed": "4",
        "resume": "True",
        "patients": str([tmp_path.__class__("p.csv"), tmp_path.__class__("q.csv")]),
        "by": "photo",
        "species": "P. falciparum",
        "licence": "CC-BY-4.0",
    }


def test_the_screen_shows_protocol_figures_and_files(laveran, training, tmp_path):
    ended = laveran("train", "a.zip")
    lines = ended.out.splitlines()
    assert lines[0] == "One division, patients disjoint; called at accuracy:"
    assert any(line.split() == ["accuracy", "0.6667", "(0.0000-1.0000)"] for line in lines)
    assert any(line.split() == ["n", "cells", "3"] for line in lines)
    assert "on cells drawn at random that all readers agreed on:" in lines
    assert any(line.split() == ["agreement", "0.7500", "(0.5000-1.0000)"] for line in lines)
    assert lines[lines.index("at the operating points:") + 1].split() == [
        *("accuracy", "accuracy", "0.7500", "(0.5000-1.0000)")
    ]
    assert str(tmp_path / "run" / "report.html") in lines[-1]
    assert "note: OPTIMISTIC: something\n" in ended.err
    assert f"1 skipped, all listed in {tmp_path / 'run' / 'skipped.csv'}:" in ended.err


def test_json_has_the_figures(laveran, training, tmp_path):
    ended = laveran("train", "a.zip", "--json")
    figures = json.loads(ended.out)
    assert figures["run"] == str(tmp_path / "run")
    assert figures["readings"]["random"]["agreement"]["value"] == 0.75
    assert figures["accuracy"]["value"] == pytest.approx(2 / 3)
    assert figures["operating_point"] == "accuracy"


def test_a_split_keeps_what_the_library_can_keep():
    assert [each.value for each in By] == ["patient", "photo", "cell"]
    assert parse("laveran train a.zip --by cell").params["by"] == "cell"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["train", "a.zip", "--recipe", "best"], "no recipe is called 'best'"),
        (["train", "a.zip", "--recipe", "best.toml"], "cannot read the recipe best.toml"),
        (["train", "a.zip", "--recipe", "fast", "--folds", "1"], "nothing to train on"),
        (["train", "none.zip", "--recipe", "fast"], "cannot open none.zip"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(refused, tmp_path, monkeypatch, words, part):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAVERAN_CACHE", str(tmp_path / "cache"))
    assert part in refused(*words)
    assert not (tmp_path / "runs").exists()


def test_a_folder_in_use_is_refused(refused, tmp_path):
    (tmp_path / "thesis.txt").touch()
    sentence = refused("train", "a.zip", "--recipe", "fast", "--out", tmp_path)
    assert "is in use by something else; choose another --out" in sentence
