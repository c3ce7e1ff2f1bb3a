"""`laveran study represent` on the command line."""

import json

import pytest

from laveran.cells.synthetic_dataset import Population, write_cells


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    population = Population(cells_per_patient=6, seed=5)
    return write_cells(
        tmp_path_factory.mktemp("cells"), population, train_patients=12, test_patients=1
    )


def test_a_method_is_a_line_and_three_files_are_written(laveran, drawn, tmp_path):
    out = tmp_path / "study"
    asked = ("study", "represent", drawn.train_data, drawn.train_labels, "--out", out)
    ended = laveran(*asked, "--methods", "pca, colour", "--cells", 0)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["colour", "pca"]
    assert lines[3].startswith(f"page {out / 'representations.html'}")
    assert sorted(path.name for path in out.iterdir()) == [
        "methods", "representations.csv", "representations.html", "representations.svg",
    ]  # fmt: skip
    again = laveran(*asked, "--methods", "pca", "--cells", 0, "--json")
    (printed,) = json.loads(again.out)["methods"]
    assert printed["method"] == "pca"
    assert f"{printed['accuracy']['value']:.4f} (" in lines[2]


def test_an_unknown_method_is_one_sentence(refused, drawn, tmp_path):
    said = refused(
        "study", "represent", drawn.train_data, "--methods", "pixels", "--out", tmp_path / "study"
    )
    assert "no representation 'pixels'" in said
    assert not (tmp_path / "study").exists()
