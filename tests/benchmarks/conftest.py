"""A finished run with two folds on drawn cells, for what compares runs with others."""

from pathlib import Path

import pytest

from laveran.cells.synthetic_dataset import HomeworkFiles
from laveran.training import train
from small_run import TINY, draw


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> HomeworkFiles:
    """The homework's files with drawn cells of 12 patients."""
    return draw(tmp_path_factory.mktemp("drawn"), test_patients=1)


@pytest.fixture(scope="session")
def run(drawn, tmp_path_factory) -> Path:
    """A finished run; not to be written to."""
    out: Path = tmp_path_factory.mktemp("runs") / "tiny"
    recipe = TINY.replace(epochs=1)
    train(drawn.train_data, drawn.train_labels, out=out, recipe=recipe, folds=2, ensemble=True)
    return out
