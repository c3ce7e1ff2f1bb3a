"""Regimes change one thing each, and the cells of all changes are the same."""

import numpy as np
import pytest

from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.study.kept import Kept
from laveran.study.learning.overfitting import (
    BASELINE,
    CHANGES,
    STOPPING,
    TOGETHER,
    Regime,
    overfit,
    recipe_of,
    regimes_of,
)
from laveran.study.learning.sides import learning_side, measuring_side
from laveran.study.sample import draw_sample


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    population = Population(cells_per_patient=8, seed=2)
    folder = tmp_path_factory.mktemp("cells")
    drawn = write_cells(folder, population, train_patients=12, test_patients=2)
    return draw_sample(drawn.train_data, drawn.train_labels, cells=None, size_px=32)


def test_each_change_differs_from_the_baseline_where_it_says():
    base = recipe_of(Regime(100, BASELINE)).model_dump()
    differing = {
        change: {key for key, value in recipe_of(Regime(100, change)).model_dump().items()
                 if value != base[key]} - {"name"}
        for change in CHANGES
    }  # fmt: skip
    assert differing == {
        BASELINE: set(),
        "without batch norm": {"network"},
        "dropout": {"network"},
        "L1": {"l1"},
        "L2": {"l2"},
        STOPPING: {"patience"},
        TOGETHER: {"network", "l1", "l2", "patience"},
    }


def test_sizes_above_what_is_there_become_one():
    assert {regime.cells for regime in regimes_of([100, 1000, 10_000], 300)} == {100, 300}


def test_fewer_cells_are_among_more_and_patients_are_apart(sample):
    few, many = (learning_side(sample, count, seed=1).indexes for count in (10, 40))
    assert set(few) < set(many)
    groups = sample.manifest.groups
    assert set(groups[many]).isdisjoint(groups[measuring_side(sample).indexes])


def test_all_regimes_are_fitted_and_found_again(sample, tmp_path, monkeypatch):
    monkeypatch.setattr("laveran.study.learning.overfitting.MOST_EPOCHS", 2)
    monkeypatch.setattr("laveran.study.learning.overfitting.LEAST_EPOCHS", 1)
    regimes = [Regime(40, BASELINE), Regime(40, TOGETHER)]
    found = overfit(sample, regimes, Kept(tmp_path, {}, 2), repeats=1, seed=0)
    again = overfit(sample, regimes, Kept(tmp_path, {}, 2), repeats=1, seed=0)
    assert found == again
    for courses in found.values():
        assert len(courses[0].calls) == int(sample.is_test.sum())
        assert np.isfinite(courses[0].chosen.test_loss)
