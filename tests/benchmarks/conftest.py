"""A finished run with two folds on drawn cells, for what compares runs with others."""

from pathlib import Path

import pytest
import torch

from laveran.cells.synthetic_dataset import HomeworkFiles, Population, write_cells
from laveran.networks.stack import plain
from laveran.training import Recipe, train

torch.set_num_threads(1)  # small networks are fastest so

TINY = Recipe(
    name="tiny",
    network=plain((4, 8), per_stage=1, dropout=0.1),
    size_px=16,
    epochs=1,
    batch_size=16,
    learning_rate=0.01,
)


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAVERAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> HomeworkFiles:
    """The homework's files with drawn cells of 12 patients."""
    population = Population(cells_per_patient=10, seed=3)
    folder = tmp_path_factory.mktemp("drawn")
    return write_cells(folder, population, train_patients=12, test_patients=1)


@pytest.fixture(scope="session")
def run(drawn, tmp_path_factory) -> Path:
    """A finished run; not to be written to."""
    out: Path = tmp_path_factory.mktemp("runs") / "tiny"
    train(drawn.train_data, drawn.train_labels, out=out, recipe=TINY, folds=2, ensemble=True)
    return out
