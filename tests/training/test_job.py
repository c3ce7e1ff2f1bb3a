from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from laveran.cells.consensus import Consensus
from laveran.cells.manifest import Cell, Manifest
from laveran.errors import ConfigError
from laveran.training.feed import Feed
from laveran.training.job import Job


def job(patients=("A", "A", "B"), photos=("1", "2", "3"), writes=True):
    cells = tuple(
        Cell(f"{number}.png", number % 2, patient, photo, 4, 4, "00", "z.zip")
        for number, (patient, photo) in enumerate(zip(patients, photos, strict=True))
    )
    pictures = np.zeros((len(cells), 4, 4, 3), np.uint8)
    feed = Feed(Manifest(cells), pictures, (), ())
    return feed, SimpleNamespace(is_main_process=writes)


@pytest.fixture
def make(tiny):
    def made(**settings):
        feed, accelerator = job(**settings)
        return Job(feed, tiny, 0, "patient", "x", "y", accelerator, None)

    return made


def test_labels_and_groups_are_the_manifests(make):
    assert make().labels.tolist() == [0, 1, 0]
    assert make().groups.tolist() == ["A", "A", "B"]


@pytest.mark.parametrize(
    ("patients", "photos", "unit"),
    [
        ("AAB", "123", "patient"),
        (("A", None, None), "123", "photo"),
        ((None, None, None), ("1", None, "3"), "cell"),
    ],
)
def test_the_unit_is_what_every_cell_has(make, patients, photos, unit):
    assert make(patients=patients, photos=photos).unit == unit


def test_chosen_cells_share_the_pictures(make):
    whole = make()
    part = whole.cells(np.array([True, False, True]))
    assert part.indexes.tolist() == [0, 2]
    assert len(part) == 2
    assert part.pictures is whole.feed.pictures


def test_what_readers_say_is_learned_and_labels_stay(make):
    plain = make()
    assert plain.truth.tolist() == plain.labels.tolist()
    read = replace(plain, readings=Consensus(np.array([0, 0.5, 0], np.float32), 1, 0, 1, {}))
    assert read.cells(np.ones(3, dtype=bool)).truth.tolist() == [0, 0.5, 0]
    assert read.labels.tolist() == [0, 1, 0]


def test_teachers_are_asked_beside_what_readers_say(make, monkeypatch):
    def asked(teachers, truth, share, folds, device):
        return truth + 1

    monkeypatch.setattr("laveran.training.job.soft_targets", asked)
    read = Consensus(np.array([0, 0.5, 0], np.float32), 1, 0, 1, {})
    accelerator = SimpleNamespace(device="cpu")
    taught = replace(make(), readings=read, teachers=("a run",), accelerator=accelerator)
    assert taught.targets.tolist() == [1, 1.5, 0]  # B is a control: nobody knows better


def test_a_job_may_last_longer(make, tiny):
    assert make().lasting(7).recipe == tiny.replace(epochs=7)
    with pytest.raises(ConfigError):
        make().lasting(0)


def test_only_the_first_process_writes(make):
    assert make().writes is True
    assert make(writes=False).writes is False


def test_cells_of_controls_count_as_the_recipe_says(make, tiny):
    weighted = replace(make(), recipe=tiny.replace(control_weight=4.0))
    assert weighted.weights.tolist() == [1, 1, 4]  # B has no parasitized cell
    assert make().weights.tolist() == [1, 1, 1]


def test_without_patients_no_cell_is_a_controls(make, tiny):
    unknown = replace(make(patients=(None,) * 3), recipe=tiny.replace(control_weight=4.0))
    assert unknown.weights.tolist() == [1, 1, 1]
