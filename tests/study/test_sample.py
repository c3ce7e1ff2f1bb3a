"""The cells of a study: drawn by a seed, each patient on one side only."""

import numpy as np
import pytest

from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.errors import ConfigError, LabelsError
from laveran.study.sample import draw_sample


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    population = Population(cells_per_patient=10, seed=5)
    return write_cells(
        tmp_path_factory.mktemp("cells"), population, train_patients=12, test_patients=2
    )


def sample(drawn, **settings):
    return draw_sample(drawn.train_data, drawn.train_labels, size_px=16, **settings)


def test_all_cells_where_there_are_fewer_than_asked(drawn):
    everything = sample(drawn, cells=10_000)
    assert len(everything.manifest) == len(sample(drawn, cells=None).manifest) == 120
    assert everything.pictures.shape == (120, 16, 16, 3)
    assert everything.pictures.dtype == np.uint8


def test_a_draw_keeps_pictures_and_labels_together(drawn):
    everything, some = sample(drawn, cells=None), sample(drawn, cells=50, seed=1)
    assert len(some.manifest) == len(some.is_test) == 50
    places = everything.manifest.places(some.manifest.names)
    np.testing.assert_array_equal(some.pictures, everything.pictures[places])
    np.testing.assert_array_equal(some.labels, everything.labels[places])


def test_no_patient_is_on_both_sides(drawn):
    some = sample(drawn, cells=80)
    patients = some.manifest.patients
    assert some.unit == "patient"
    assert not some.optimistic
    assert 0.15 < some.is_test.mean() < 0.45
    assert set(patients[some.is_test]).isdisjoint(patients[~some.is_test])


def test_the_seed_decides_the_draw(drawn):
    first, again, other = (sample(drawn, cells=50, seed=seed) for seed in (1, 1, 2))
    assert first.manifest == again.manifest
    np.testing.assert_array_equal(first.is_test, again.is_test)
    assert first.manifest != other.manifest


def test_cells_without_labels_are_refused(drawn):
    with pytest.raises(LabelsError, match="labels"):
        draw_sample(drawn.test_data, None, size_px=16)


def test_too_few_cells_are_refused(drawn):
    with pytest.raises(ConfigError, match="1 cells are too few"):
        sample(drawn, cells=1)
