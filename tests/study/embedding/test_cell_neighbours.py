"""The nearest cells of one: asked by name or by file, of all patients or of others."""

import shutil

import cv2
import numpy as np
import pytest

from laveran.audit.gallery import read_pictures
from laveran.cells.synthetic_dataset import Population, encode_png, write_cells
from laveran.errors import ConfigError, DataError, PictureError
from laveran.study.embedding.cell_neighbours import find_neighbours
from laveran.study.embedding.embedded_cells import embed_cells
from laveran.study.embedding.neighbours import nearest
from small_model import write_small_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("neighbours")


@pytest.fixture(scope="module")
def drawn(folder):
    population = Population(cells_per_patient=10, seed=5)
    return write_cells(folder, population, train_patients=8, test_patients=2)


@pytest.fixture(scope="module")
def model(folder):
    return write_small_model(folder / "model.onnx")


@pytest.fixture(scope="module")
def embedded(drawn, model):
    return embed_cells(drawn.train_data, drawn.train_labels, model=model, cells=None)


@pytest.fixture(scope="module")
def find(drawn, model):
    def ask(picture, **settings):
        return find_neighbours(
            picture, drawn.train_data, drawn.train_labels, model=model, **settings
        )

    return ask


@pytest.fixture
def own_picture(tmp_path, drawn, embedded):
    """A file that is a cell of the data, a little lighter, under a name that tells nobody."""
    name = embedded.manifest.names[17]
    picture = read_pictures(drawn.train_data, [name])[name]
    path = tmp_path / "mine.png"
    path.write_bytes(encode_png(cv2.add(picture, 1)))
    return path


def test_a_cell_of_the_data_by_name(find, embedded, tmp_path):
    place = 17
    cell = embedded.manifest[place]
    found = find(cell.name.rpartition("/")[2], k=5, out=tmp_path / "n.html")
    others = np.delete(np.arange(80), place)
    near = nearest(embedded.vectors[others], embedded.vectors[place : place + 1], 5)
    expected = [embedded.manifest[int(others[i])] for i in near.indexes[0]]
    assert [each.name for each in found.neighbours] == [each.name for each in expected]
    assert [each.label for each in found.neighbours] == [each.label for each in expected]
    assert [each.same_patient for each in found.neighbours] == [
        each.patient == cell.patient for each in expected
    ]
    np.testing.assert_allclose([each.distance for each in found.neighbours], near.distances[0])
    assert (found.name, found.label, found.patient) == (cell.name, cell.label, cell.patient)
    assert found.searched == 79
    html = (tmp_path / "n.html").read_text(encoding="utf-8")
    assert html.count("<img") == 6
    assert all(each.name in html for each in found.neighbours)


def test_other_patients_alone(find, embedded):
    cell = embedded.manifest[17]
    found = find(cell.name, k=20, other_patients=True)
    assert len(found.neighbours) == 20
    assert {each.same_patient for each in found.neighbours} == {False}
    assert found.searched == (embedded.manifest.patients != cell.patient).sum() == 70


def test_a_file_of_the_users(find, embedded, own_picture):
    found = find(own_picture, k=3)
    assert found.neighbours[0].name == embedded.manifest.names[17]
    assert found.searched == 80
    assert (found.label, found.patient) == (None, None)
    assert {each.same_patient for each in found.neighbours} == {None}
    assert any("nothing tells the patient" in note for note in found.notes)
    with pytest.raises(ConfigError, match="nothing tells the patient"):
        find(own_picture, other_patients=True)


def test_a_file_whose_name_tells_the_patient(find, embedded, own_picture, tmp_path):
    patient = embedded.manifest[17].patient
    named = shutil.copy(own_picture, tmp_path / f"{patient}ThinF_IMG_1_cell_1.png")
    found = find(named, k=80)
    assert found.patient == patient
    assert sum(each.same_patient for each in found.neighbours) == 10
    assert not any("nothing tells the patient" in note for note in found.notes)


def test_a_file_that_is_a_cell_of_the_data_is_not_its_own_neighbour(
    find, embedded, drawn, tmp_path
):
    shutil.unpack_archive(drawn.train_data, tmp_path)
    cell = embedded.manifest[17]
    found = find(tmp_path / cell.name, k=80)
    assert (found.name, found.label, found.patient) == (cell.name, cell.label, cell.patient)
    assert cell.name not in [each.name for each in found.neighbours]
    assert any("byte for byte" in note for note in found.notes)
    assert "only 79 other cells can be neighbours" in found.notes


def test_plain_values(find, embedded):
    values = find(embedded.manifest.names[0], k=2, metric="euclid").to_json()
    assert [row["name"] for row in values["neighbours"]] == [
        each.name for each in find(embedded.manifest.names[0], k=2, metric="euclid").neighbours
    ]
    assert values["metric"] == "euclid"
    assert set(values["neighbours"][0]) == {
        "name", "distance", "label", "patient", "same_patient", "probability",
    }  # fmt: skip


def test_what_is_no_cell_is_refused(find, tmp_path, drawn):
    with pytest.raises(DataError, match=r"'nobody\.png' is neither a file nor a cell"):
        find("nobody.png")
    with pytest.raises(DataError, match="holds 20 pictures; give one"):
        find(drawn.test_data)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"a text")
    with pytest.raises(PictureError, match=r"broken\.png"):
        find(broken)
