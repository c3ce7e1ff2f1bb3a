import json

import pytest

from laveran.cells.synthetic_dataset import Population
from laveran.cells.synthetic_stack import draw_stacks, write_stacks


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Stacks of 8 patients, their labels and their known focus."""
    stacks = draw_stacks(range(1, 9), Population(cells_per_patient=3, seed=2), planes=4)
    return write_stacks(tmp_path_factory.mktemp("stacks"), stacks)


@pytest.mark.slow
def test_a_study_of_given_stacks_says_what_it_found(laveran, drawn, tmp_path):
    given = ["study", "focus", drawn.data, drawn.labels, "--focus", drawn.focus]
    small = ["--epochs", 1, "--size", 16]
    ended = laveran(*given, *small, "--out", tmp_path / "focus", "--json")
    found = json.loads(ended.out)
    assert found["synthetic"]
    assert found["planes"] == 4
    assert len(found["focus"]) == 4
    assert (tmp_path / "focus" / "focus.html").is_file()
    assert not (tmp_path / "focus" / "drawn").exists()


@pytest.mark.slow
def test_the_screen_begins_with_what_the_figures_are_of(laveran, drawn, tmp_path):
    given = ["study", "focus", drawn.data, drawn.labels, "--epochs", 1, "--size", 16]
    ended = laveran(*given, "--out", tmp_path)
    assert ended.out.startswith("SYNTHETIC: 24 stacks of 8 patients, divided once by patient")
    assert ended.out.endswith(f"page {tmp_path / 'focus.html'}\n")


def test_stacks_that_are_not_there_are_one_line(refused, tmp_path):
    sentence = refused("study", "focus", tmp_path / "none.zip", "--out", tmp_path / "out")
    assert "cannot open" in sentence
    assert not (tmp_path / "out").exists()
