"""`laveran study neighbours` on the command line."""

import json

import pytest

from laveran.cells.synthetic_dataset import Population, write_cells


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    population = Population(cells_per_patient=6, seed=5)
    return write_cells(folder, population, train_patients=6, test_patients=2)


@pytest.fixture
def name(drawn):
    return drawn.train_labels.read_text().splitlines()[4].partition(",")[0]


@pytest.fixture
def asked(drawn, name, run_folder, tmp_path):
    return (
        "study", "neighbours", name, drawn.train_data, drawn.train_labels,
        "--model", run_folder, "--out", tmp_path / "neighbours.html",
    )  # fmt: skip


def test_neighbours_are_shown_nearest_first(laveran, asked, name, tmp_path):
    ended = laveran(*asked, "-k", 4)
    assert ended.code == 0
    first, *rows, last = ended.out.splitlines()
    assert name in first
    distances = [float(row.split()[0]) for row in rows]
    assert len(rows) == 4
    assert distances == sorted(distances)
    assert last == f"page {tmp_path / 'neighbours.html'}"
    assert name in (tmp_path / "neighbours.html").read_text(encoding="utf-8")


def test_json_of_other_patients(laveran, asked, name):
    values = json.loads(laveran(*asked, "--other-patients", "--json").out)
    assert name in values["name"]
    assert len(values["neighbours"]) == 12
    assert all(row["patient"] != values["patient"] for row in values["neighbours"])
    assert {row["same_patient"] for row in values["neighbours"]} == {False}


def test_no_such_cell_is_refused_in_a_sentence(refused, drawn, run_folder, tmp_path):
    out = tmp_path / "neighbours.html"
    sentence = refused(
        "study", "neighbours", "nobody.png", drawn.train_data, "--model", run_folder, "--out", out
    )
    assert "'nobody.png' is neither a file nor a cell" in sentence
    assert not out.exists()
