"""The comparison itself: patients apart, the same cells for all, nothing computed twice."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.errors import ConfigError
from laveran.metrics import accuracy
from laveran.study.representations import comparison as module
from laveran.study.representations.comparison import HEADER, represent
from laveran.study.representations.methods import METHODS
from laveran.study.representations.probe import nearest_by_cosine, probe_vectors
from laveran.study.representations.representation import Sight
from laveran.study.sample import draw_sample


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    population = Population(cells_per_patient=8, seed=5)
    return write_cells(
        tmp_path_factory.mktemp("cells"), population, train_patients=12, test_patients=1
    )


class MeanColour:
    """A method that is done at once, and keeps what it was given."""

    def __init__(self):
        self.fits, self.asked = [], []

    def fit(self, pictures, y_true):
        self.fits.append((pictures.copy(), y_true.copy()))

    def vectors(self, pictures):
        self.asked.append(pictures.copy())
        return pictures.mean((1, 2)).astype(np.float32)

    def sights(self, pictures):
        return (Sight("The first cell.", pictures[0]),)


@pytest.fixture
def fakes(monkeypatch):
    """Two methods in place of the lecture's, and what was built."""
    made = {"sift": [], "cnn": []}

    def building(name):
        def build(_seed, _step):
            made[name].append(MeanColour())
            return made[name][-1]

        return build

    chosen = [
        replace(method, build=building(method.name)) for method in METHODS if method.name in made
    ]
    monkeypatch.setattr("laveran.study.representations.methods.METHODS", tuple(chosen))
    return made


def compare(drawn, out, **settings):
    given = {"size_px": 16, "cells": None} | settings
    return represent(drawn.train_data, drawn.train_labels, out=out, **given)


def test_all_learn_from_the_same_patients_and_are_measured_on_others(drawn, tmp_path, fakes):
    compare(drawn, tmp_path)
    sample = draw_sample(drawn.train_data, drawn.train_labels, size_px=16, cells=None)
    for (method,) in fakes.values():
        ((pictures, y_true),) = method.fits
        np.testing.assert_array_equal(pictures, sample.pictures[~sample.is_test])
        np.testing.assert_array_equal(y_true, sample.labels[~sample.is_test])
        np.testing.assert_array_equal(method.asked[0], sample.pictures)
    patients = sample.manifest.patients
    assert set(patients[sample.is_test]).isdisjoint(patients[~sample.is_test])


def test_the_table_has_just_these_columns_and_the_figures_of_the_probe(drawn, tmp_path, fakes):
    found = compare(drawn, tmp_path)
    rows = list(csv.reader((tmp_path / "representations.csv").read_text().splitlines()))
    assert tuple(rows[0]) == HEADER
    assert HEADER == (
        "method", "dimension", "probe_accuracy", "probe_low", "probe_high",
        "neighbour_accuracy", "seconds",
    )  # fmt: skip
    assert [row[0] for row in rows[1:]] == ["sift", "cnn"]
    sample = draw_sample(drawn.train_data, drawn.train_labels, size_px=16, cells=None)
    probe = probe_vectors(sample.pictures.mean((1, 2)).astype(np.float32), sample)
    y_true = sample.labels[sample.is_test]
    assert rows[1][1] == "3"
    assert float(rows[1][2]) == pytest.approx(accuracy(y_true, probe.probe), abs=1e-6)
    assert float(rows[1][5]) == pytest.approx(accuracy(y_true, probe.neighbour), abs=1e-6)
    assert float(rows[1][3]) <= float(rows[1][2]) <= float(rows[1][4])
    assert found.rows[0].behind.value == 0  # two of a kind
    assert json.loads(json.dumps(found.to_json()))["methods"][1]["method"] == "cnn"


def test_page_and_picture_stand_alone(drawn, tmp_path, fakes):
    compare(drawn, tmp_path)
    page = (tmp_path / "representations.html").read_text()
    drawing = (tmp_path / "representations.svg").read_text()
    assert "Synthetic cells." in page
    assert "The first cell." in page
    assert drawing.startswith("<svg ")
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawing
    assert ".symbol.handcrafted" in drawing


def test_a_stopped_comparison_goes_on_where_it_was(drawn, tmp_path, fakes, monkeypatch):
    undisturbed = compare(drawn, tmp_path / "undisturbed")

    def killed(_self, _pictures):
        raise KeyboardInterrupt

    def kill_the_second(name, done, *_):
        if name == "methods" and done == 1:
            monkeypatch.setattr(MeanColour, "vectors", killed)

    with pytest.raises(KeyboardInterrupt):
        compare(drawn, tmp_path / "killed", watch=kill_the_second)
    assert not (tmp_path / "killed" / "representations.csv").exists()
    monkeypatch.undo()  # which also brings back the lecture's methods, so:
    kept = tmp_path / "killed" / "methods" / "sift.json"
    before = kept.stat().st_mtime_ns
    again = represent(
        drawn.train_data, drawn.train_labels, out=tmp_path / "killed", methods=["sift"],
        size_px=16, cells=None,
    )  # fmt: skip
    assert again.rows[0].accuracy == undisturbed.rows[0].accuracy
    assert again.rows[0].dimension == 3  # the kept fake, not SIFT
    assert kept.stat().st_mtime_ns == before


def test_a_finished_method_is_kept_until_a_setting_differs(drawn, tmp_path, fakes):
    first = compare(drawn, tmp_path)
    assert compare(drawn, tmp_path).rows == first.rows
    assert [len(each) for each in fakes.values()] == [1, 1]
    compare(drawn, tmp_path, seed=1)
    assert [len(each) for each in fakes.values()] == [2, 2]
    (tmp_path / "methods" / "cnn.json").write_text("{}")
    compare(drawn, tmp_path, seed=1)
    assert [len(each) for each in fakes.values()] == [2, 3]


def test_what_cannot_be_had_is_told_before_any_work(drawn, tmp_path, fakes, monkeypatch):
    def missing(_seed, _step):
        raise ImportError("No module named 'torch'", name="torch")

    sift, cnn = module.chosen_methods(["all"])
    monkeypatch.setattr(
        "laveran.study.representations.methods.METHODS", (sift, replace(cnn, build=missing))
    )
    with pytest.raises(ConfigError, match="cnn cannot be had"):
        compare(drawn, tmp_path)
    assert fakes["sift"][0].fits == []
    assert not any(tmp_path.iterdir())


def test_a_probe_finds_what_is_in_the_vectors_and_nothing_that_is_not(drawn):
    sample = draw_sample(drawn.train_data, drawn.train_labels, size_px=16, cells=None)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(len(sample.labels), 6)).astype(np.float32)
    telling = noise + 8 * sample.labels[:, np.newaxis].astype(np.float32)
    y_true = sample.labels[sample.is_test]
    found = probe_vectors(telling, sample)
    assert accuracy(y_true, found.probe) == 1
    assert accuracy(y_true, found.neighbour) == 1
    assert not sample.is_test[found.nearest].any()
    assert accuracy(y_true, probe_vectors(noise, sample).probe) < 0.8


def test_neighbours_are_those_of_the_largest_cosine():
    rng = np.random.default_rng(1)
    known, asked = rng.normal(size=(30, 4)), rng.normal(size=(7, 4))
    cosine = (asked @ known.T) / np.outer(
        np.linalg.norm(asked, axis=1), np.linalg.norm(known, axis=1)
    )
    expected = np.argsort(-cosine, axis=1)[:, :5]
    np.testing.assert_array_equal(nearest_by_cosine(known, asked, 5), expected)
    assert nearest_by_cosine(known[:6], asked).shape == (7, 5)  # an odd number of votes
