"""Emfet's side of the comparison, with a stand-in for emfet that knows one feature: the colour."""

import json
import sys

import numpy as np
import pytest

from accuracy.division import read_division, read_scores
from accuracy.forest import Emfet, interpreter

FEATURES = """
def extract_features_from_array(image):
    import numpy as np
    return np.asarray(image, float).mean((0, 1))
"""
SETTINGS = {"classifier__n_estimators": 5, "classifier__max_depth": 3}


@pytest.fixture
def emfet(drawn, tmp_path, monkeypatch):
    package = tmp_path / "site" / "emfet"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "features.py").write_text(FEATURES)
    (package / "best_model_model_card.json").write_text(json.dumps({"best_params": SETTINGS}))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    return Emfet(python=sys.executable, data=drawn.train_data, threads=1)


def test_a_forest_is_fitted_scored_and_timed(emfet, run, tmp_path):
    division, folder = read_division(run / "folds" / "0"), tmp_path / "fold-0"
    facts = emfet.fit(division, folder)
    test = division.part("test")
    scores = read_scores(folder / "emfet.csv", test)
    assert np.unique(scores).size > 1
    assert facts.file_bytes == (folder / "emfet.joblib").stat().st_size
    assert "5 trees" in facts.note
    with emfet.serving(test.select(range(3)), folder) as server:
        assert server.seconds() > 0
        assert server.seconds() > 0


def test_what_is_done_is_not_done_again(emfet, run, tmp_path):
    division = read_division(run / "folds" / "0")
    first = emfet.fit(division, tmp_path)
    gone = Emfet(python=tmp_path / "no-python", data=emfet.data, threads=1)
    assert gone.fit(division, tmp_path) == first
    with pytest.raises(SystemExit, match=r"other settings \(division\)"):
        gone.fit(division.thinned(10), tmp_path)


def test_an_environment_without_emfet_is_refused(tmp_path):
    with pytest.raises(SystemExit, match="has no emfet"):
        interpreter(sys.executable, tmp_path)
