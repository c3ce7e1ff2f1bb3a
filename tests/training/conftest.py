"""Drawn cells, a recipe that is done in a moment, and one finished run."""

from pathlib import Path

import pytest
import torch

from laveran.cells.synthetic_dataset import HomeworkFiles, Population, write_cells
from laveran.networks.stack import plain
from laveran.training import Augmentation, Recipe, Run, train

torch.set_num_threads(1)  # small networks are fastest so

TINY = Recipe(
    name="tiny",
    network=plain((4, 8), per_stage=1, dropout=0.1),
    size_px=16,
    epochs=2,
    batch_size=16,
    learning_rate=0.01,
    augmentation=Augmentation(rotate_degrees=20, stain=0.1, blur=0.3),
)
POPULATION = Population(cells_per_patient=10, seed=3)
TRAIN_PATIENTS = 12


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAVERAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    """Two epochs of a network of two layers."""
    return TINY


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> HomeworkFiles:
    """The homework's files with drawn cells of 12 and 2 patients."""
    return write_cells(
        tmp_path_factory.mktemp("drawn"),
        POPULATION,
        train_patients=TRAIN_PATIENTS,
        test_patients=2,
    )


@pytest.fixture(scope="session")
def run(drawn, tiny, tmp_path_factory) -> Run:
    """A finished run on the drawn cells; not to be written to."""
    out: Path = tmp_path_factory.mktemp("runs") / "one"
    return train(drawn.train_data, drawn.train_labels, out=out, recipe=tiny, species="drawn")


@pytest.fixture(scope="session")
def ensemble_run(drawn, tiny, tmp_path_factory) -> Run:
    """A finished run that keeps the networks of its 2 folds; not to be written to."""
    out: Path = tmp_path_factory.mktemp("runs") / "ensemble"
    return train(drawn.train_data, drawn.train_labels, out=out, recipe=tiny, folds=2, ensemble=True)
