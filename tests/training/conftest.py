"""Drawn cells, a recipe that is done in a moment, and one finished run."""

from pathlib import Path

import pytest

from laveran.cells.synthetic_dataset import HomeworkFiles
from laveran.training import Recipe, Run, train
from small_run import TINY, draw


@pytest.fixture(scope="session")
def tiny() -> Recipe:
    """Two epochs of a network of two layers."""
    return TINY


@pytest.fixture(scope="session")
def drawn(tmp_path_factory) -> HomeworkFiles:
    """The homework's files with drawn cells of 12 and 2 patients."""
    return draw(tmp_path_factory.mktemp("drawn"), test_patients=2)


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
