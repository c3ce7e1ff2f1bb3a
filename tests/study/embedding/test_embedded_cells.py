"""Cells in a model's embedding: the right vectors, the right cells, what was learned from."""

import shutil

import numpy as np
import pytest

from audit_data import write_run
from laveran.audit.gallery import read_pictures
from laveran.cells.crop import letterbox
from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.errors import ConfigError, LabelsError
from laveran.model.runtime import load
from laveran.study.embedding.embedded_cells import embed_cells
from small_model import small_contract, write_small_model


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    population = Population(cells_per_patient=10, seed=5)
    folder = tmp_path_factory.mktemp("cells")
    return write_cells(folder, population, train_patients=12, test_patients=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("model") / "model.onnx")


@pytest.fixture(scope="module")
def embedded(drawn, model):
    return embed_cells(drawn.train_data, drawn.train_labels, model=model, cells=50, seed=3)


def test_vectors_pictures_and_answers_belong_to_their_cells(embedded, drawn, model):
    assert embedded.pictures.shape == (50, 64, 64, 3)
    assert len(embedded.manifest) == 50
    everything = embed_cells(drawn.train_data, drawn.train_labels, model=model, cells=None)
    places = everything.manifest.places(embedded.manifest.names)
    np.testing.assert_array_equal(embedded.pictures, everything.pictures[places])
    np.testing.assert_allclose(embedded.vectors, everything.vectors[places], atol=1e-6)
    names, reader = embedded.manifest.names, load(model)
    pictures = read_pictures(drawn.train_data, names)
    answer = reader.answer(np.stack([reader.prepare(pictures[name]) for name in names]))
    np.testing.assert_allclose(embedded.vectors, answer.embedding, atol=1e-6)
    np.testing.assert_allclose(embedded.answer.probability, answer.probability, atol=1e-6)
    shown = np.stack([letterbox(pictures[name], 64) for name in names])
    np.testing.assert_array_equal(embedded.pictures, shown)
    np.testing.assert_array_equal(embedded.called, embedded.answer.probability >= 0.5)


def test_the_seed_decides_the_draw(drawn, model, embedded):
    again, other = (
        embed_cells(drawn.train_data, drawn.train_labels, model=model, cells=50, seed=seed)
        for seed in (3, 4)
    )
    assert again.manifest == embedded.manifest
    assert other.manifest != embedded.manifest


def test_cells_without_labels_are_embedded_too(drawn, model):
    found = embed_cells(drawn.test_data, model=model)
    assert len(found.vectors) == len(found.manifest) == 20
    assert set(found.manifest.labels) == {-1}


def test_drawn_cells_say_so(embedded):
    assert any("a program drew" in note for note in embedded.notes)


def test_a_file_alone_does_not_tell_what_it_learned_from(embedded):
    assert embedded.learned is None
    assert any("nothing tells whether the model learned" in note for note in embedded.notes)


def test_a_checksum_tells_that_all_was_learned_from(drawn, model, tmp_path):
    everything = embed_cells(drawn.train_data, drawn.train_labels, model=model, cells=None)
    training = small_contract().training.model_copy(
        update={"data_sha256": everything.manifest.checksum}
    )
    knowing = write_small_model(tmp_path / "model.onnx", metadata=small_contract(training=training))
    found = embed_cells(drawn.train_data, drawn.train_labels, model=knowing, cells=30)
    assert found.learned.tolist() == [True] * 30
    assert any("learned from all of these cells" in note for note in found.notes)


def test_a_run_folder_tells_which_cells_were_learned_from(drawn, model, tmp_path, embedded):
    everything = embed_cells(drawn.train_data, drawn.train_labels, model=model, cells=None)
    manifest = everything.manifest
    parts = ["test" if patient < "S005" else "train" for patient in manifest.patients]
    run = write_run(tmp_path / "run", manifest, everything.answer.probability, parts)
    shutil.copy(model, run / "model.onnx")
    found = embed_cells(drawn.train_data, drawn.train_labels, model=run, cells=50, seed=3)
    assert found.manifest == embedded.manifest
    expected = found.manifest.patients >= "S005"
    assert 0 < expected.sum() < 50
    np.testing.assert_array_equal(found.learned, expected)
    assert any(f"learned from {expected.sum()} of these 50" in note for note in found.notes)


def test_a_method_learns_from_some_patients_and_shows_all(drawn, model):
    found = embed_cells(
        drawn.train_data, drawn.train_labels, model=model, embedding="colour", cells=60
    )
    assert found.name == "colour"
    assert len(found.vectors) == len(found.manifest) == len(found.learned) == 60
    assert 0.4 < found.learned.mean() < 0.9
    patients = found.manifest.patients
    assert set(patients[found.learned]).isdisjoint(patients[~found.learned])
    assert any("colour was fitted on" in note for note in found.notes)
    own = embed_cells(drawn.train_data, drawn.train_labels, model=model, cells=60)
    assert own.manifest == found.manifest  # so that maps of two embeddings compare


def test_a_method_needs_labels(drawn, model):
    with pytest.raises(LabelsError, match="labels"):
        embed_cells(drawn.test_data, model=model, embedding="colour")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"embedding": "all"}, "one map shows one embedding"),
        ({"embedding": "smell"}, "no representation 'smell'"),
        ({"cells": 1}, "1 cells have no neighbours"),
    ],
)
def test_what_cannot_be_embedded_is_refused(drawn, model, given, said):
    with pytest.raises(ConfigError, match=said):
        embed_cells(drawn.train_data, drawn.train_labels, model=model, **given)
