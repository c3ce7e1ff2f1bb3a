"""The map of a data set: its page, its figures, and what it says of them."""

import json

import numpy as np
import pytest

from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.metrics import Figure
from laveran.study.embedding.cell_map import ALL, UNSEEN, map_cells, verdict
from laveran.study.embedding.neighbourhood import (
    SAME_LABEL,
    SAME_LABEL_ELSEWHERE,
    SAME_PATIENT,
    Purity,
)
from laveran.study.embedding.neighbours import nearest
from small_model import write_small_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("map")


@pytest.fixture(scope="module")
def drawn(folder):
    population = Population(cells_per_patient=10, seed=5)
    return write_cells(folder, population, train_patients=8, test_patients=2)


@pytest.fixture(scope="module")
def model(folder):
    return write_small_model(folder / "model.onnx")


@pytest.fixture(scope="module")
def found(folder, drawn, model):
    return map_cells(
        drawn.train_data,
        drawn.train_labels,
        model=model,
        method="pca",
        cells=60,
        out=folder / "map.html",
    )


def test_the_page_is_written_with_all_cells(found, folder):
    html = (folder / "map.html").read_text(encoding="utf-8")
    start = html.index('id="cells">') + len('id="cells">')
    cells = json.loads(html[start : html.index("</script>", start)])
    assert cells["names"] == found.embedded.manifest.names
    assert len(cells["x"]) == len(cells["neighbours"]) == 60
    assert cells["neighbours"] == found.near.indexes.tolist()
    assert cells["outlier"] is None  # this model has no gate
    assert "60 cells, by how alike they are" in html
    assert found.embedded.notes[0] in html


def test_neighbours_are_those_in_the_embedding_not_on_the_map(found):
    vectors = found.embedded.vectors
    for cell in (0, 31):
        others = np.delete(np.arange(60), cell)
        near = nearest(vectors[others], vectors[cell : cell + 1], 12)
        np.testing.assert_array_equal(found.near.indexes[cell], others[near.indexes[0]])


def test_figures_as_plain_values(found):
    values = json.loads(json.dumps(found.to_json()))
    assert values["n_cells"] == 60
    assert values["dimension"] == 3
    assert 0.5 < values["map"]["trustworthiness"] <= 1
    assert values["variance"] == pytest.approx(found.projection.variance)
    (of,) = values["neighbourhoods"]
    assert of == ALL
    assert [row["what"] for row in values["neighbourhoods"][of]] == [
        SAME_LABEL,
        SAME_LABEL_ELSEWHERE,
        SAME_PATIENT,
    ]


def test_cells_not_learned_from_are_told_apart_and_come_first(drawn, model):
    found = map_cells(
        drawn.train_data, drawn.train_labels, model=model, embedding="colour", method="pca"
    )
    assert list(found.purities) == [UNSEEN, ALL]
    labels = {
        of: {row.what: row for row in rows}[SAME_LABEL] for of, rows in found.purities.items()
    }
    assert labels[UNSEEN].share != labels[ALL].share


def test_cells_without_labels_have_a_map(drawn, model, tmp_path):
    found = map_cells(drawn.test_data, model=model, method="pca", out=tmp_path / "map.html")
    assert [row.what for row in found.purities[ALL]] == [SAME_PATIENT]
    assert "Without labels" in (tmp_path / "map.html").read_text(encoding="utf-8")


def test_the_watch_is_told(drawn, model):
    stages = []
    map_cells(
        drawn.test_data,
        model=model,
        method="pca",
        watch=lambda stage, done, total, _: stages.append((stage, done, total)),
    )
    assert ("embed cells", 20, 20) in stages
    assert ("lay out by pca", 1, 1) in stages
    assert stages[-1] == ("find neighbours", 1, 1)


def purity(what, value, chance):
    return Purity(what, Figure(value), chance)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            [purity(SAME_LABEL_ELSEWHERE, 0.9, 0.5), purity(SAME_PATIENT, 0.1, 0.02)],
            "by the disease more than by the patient",
        ),
        (
            [purity(SAME_LABEL_ELSEWHERE, 0.55, 0.5), purity(SAME_PATIENT, 0.7, 0.02)],
            "by the patient more than by the disease",
        ),
        ([purity(SAME_LABEL, 0.9, 0.5)], "Patients are not known"),
        ([purity(SAME_PATIENT, 0.9, 0.5)], "Without labels"),
        ([], "nothing can be said"),
    ],
)
def test_the_verdict_follows_the_figures(found, said):
    assert said in verdict(found)
