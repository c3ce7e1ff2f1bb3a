"""`laveran study shortcuts` on drawn cells."""

import csv
import json

import pytest

from small_run import draw


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return draw(tmp_path_factory.mktemp("drawn"), test_patients=2)


@pytest.mark.slow
def test_a_study_is_finished_and_found_again(laveran, files, tmp_path):
    words = (
        *("study", "shortcuts", files.train_data, files.train_labels, "--out", tmp_path / "out"),
        *("--depth", "6", "--cells", "40", "--repeats", "1", "--json"),
    )
    ended = laveran(*words)
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert len(found["networks"]) == 6
    assert {row["cells"] for row in found["regimes"]} == {40}
    made = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "fits").iterdir()}
    assert len(made) == 6 + 7
    assert json.loads(laveran(*words).out) == found
    assert {path: path.stat().st_mtime_ns for path in made} == made
    with (tmp_path / "out" / "gradients.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 6 * 6
    assert (tmp_path / "out" / "learning-norm.svg").exists()
    refusal = laveran(*words, "--seed", "1")
    assert refusal.code == 1
    assert "holds a study with" in refusal.err


def test_what_cannot_be_built_is_refused_before_anything_is_read(refused, tmp_path):
    words = ("study", "shortcuts", tmp_path / "none.zip", "--out", tmp_path / "out")
    assert "a depth of 7 convolutions" in refused(*words, "--depth", "7")
    assert "at least 20 cells" in refused(*words, "--cells", "10")
    assert not (tmp_path / "out").exists()
