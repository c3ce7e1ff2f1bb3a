"""`laveran explain` on the command line."""

import json

import pytest

from hostile import encode
from laveran.cli import outcome
from small_model import BLUE, picture


@pytest.fixture
def cell(tmp_path):
    path = tmp_path / "cell.png"
    path.write_bytes(encode(picture(BLUE)))
    return path


def test_answer_and_page(laveran, cell, run_folder, tmp_path):
    out = tmp_path / "out"
    ended = laveran("explain", cell, "--model", run_folder, "--out", out)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "  probability of parasitized      0.981\n"
        "  called                          parasitized "
        "(accuracy: parasitized from a probability of 0.500 on)\n"
        f"page {out / 'explain.html'}\n"
    )
    assert {path.name for path in out.iterdir()} == {"explain.html", "explain.json"}


def test_json_is_what_the_file_holds(laveran, cell, run_folder, tmp_path):
    ended = laveran("explain", cell, "--model", run_folder, "--out", tmp_path / "out", "--json")
    assert json.loads(ended.out) == json.loads((tmp_path / "out" / "explain.json").read_text())


def test_the_light_side_says_what_it_lacks(laveran, cell, run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(outcome, "has_torch", lambda: False)
    laveran("explain", cell, "--model", run_folder, "--out", tmp_path / "out")
    assert "with the training side" in (tmp_path / "out" / "explain.html").read_text()


def test_what_cannot_be_explained_is_one_sentence(refused, cell, run_folder, tmp_path):
    out = tmp_path / "out"
    assert "cannot open" in refused("explain", tmp_path / "none.png", "--out", out)
    assert "there is no model at" in refused(
        "explain", cell, "--model", tmp_path / "m", "--out", out
    )
    assert "holds no network.json" in refused(
        "explain", cell, "--model", run_folder, "--layer", "0.2", "--out", out
    )
    assert not out.exists()
