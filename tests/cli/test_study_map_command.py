"""`laveran study map` on the command line."""

import json

import pytest

from laveran.cells.synthetic_dataset import Population, write_cells


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    population = Population(cells_per_patient=6, seed=5)
    return write_cells(folder, population, train_patients=6, test_patients=2)


def test_figures_are_shown_and_the_page_is_written(laveran, drawn, run_folder, tmp_path):
    out = tmp_path / "map.html"
    ended = laveran(
        "study", "map", drawn.train_data, drawn.train_labels,
        "--model", run_folder, "--method", "pca", "--out", out,
    )  # fmt: skip
    assert ended.code == 0
    assert "trustworthiness of the map" in ended.out
    assert "neighbours, all cells:\n" in ended.out
    assert "same label, among neighbours of other patients" in ended.out
    assert ended.out.endswith(f"page {out}\n")
    assert "nothing tells whether the model learned from" in ended.err
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_figures_as_json(laveran, drawn, run_folder, tmp_path):
    ended = laveran(
        "study", "map", drawn.test_data, "--model", run_folder, "--method", "pca",
        "--cells", 9, "--seed", 1, "--out", tmp_path / "map.html", "--json",
    )  # fmt: skip
    values = json.loads(ended.out)
    assert (values["n_cells"], values["method"], values["embedding"]) == (9, "pca", "model")


def test_an_unknown_embedding_is_refused_in_a_sentence(refused, drawn, run_folder, tmp_path):
    out = tmp_path / "map.html"
    sentence = refused(
        "study", "map", drawn.train_data, drawn.train_labels,
        "--model", run_folder, "--embedding", "smell", "--out", out,
    )  # fmt: skip
    assert "no representation 'smell'" in sentence
    assert not out.exists()
