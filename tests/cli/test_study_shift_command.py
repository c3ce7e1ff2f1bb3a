"""`laveran study shift` on drawn cells."""

import csv
import json

import pytest

from small_run import draw


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn"), test_patients=2)


@pytest.mark.slow
def test_a_study_is_finished_and_found_again(laveran, files, tmp_path, monkeypatch):
    monkeypatch.setattr("laveran.study.learning.shift_networks.EPOCHS", 2)
    words = (
        *("study", "shift", files.train_data, files.train_labels, "--out", tmp_path / "out"),
        *("--repeats", "1"),
    )
    ended = laveran(*words, "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert found["equivariance_error"] < 1e-5
    ours, theirs, wide = found["parameters"].values()
    assert theirs == pytest.approx(ours, rel=0.1)
    assert wide > 20 * ours
    with (tmp_path / "out" / "shift.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["change"] for row in rows if row["network"] == "CNN"].count("shift") == 2 * 9
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "fits").iterdir()}
    assert len(made) == 6
    again = laveran(*words)
    assert again.out.endswith("table and pictures beside it\n")
    assert {path: path.stat().st_mtime_ns for path in made} == made


def test_data_that_are_not_there_are_one_sentence(refused, tmp_path):
    said = refused("study", "shift", tmp_path / "none.zip", "--out", tmp_path / "out")
    assert "none.zip" in said
    assert not (tmp_path / "out").exists()
