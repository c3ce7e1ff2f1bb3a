import json
import shutil
from types import SimpleNamespace

import pytest

from laveran.errors import ModelError
from laveran.training.finished import ENSEMBLE, FINE_TUNED, FROM_SCRATCH, KINDS, open_run
from laveran.training.folder import RunFolder


@pytest.fixture
def copy(run, tmp_path):
    """A copy of the run, to be damaged."""
    return shutil.copytree(run.folder, tmp_path / "copy")


def test_a_run_is_read_back_as_it_was_left(run, tiny, drawn):
    opened = open_run(run.folder)
    assert opened.evaluation == run.evaluation
    assert opened.protocol == run.protocol
    assert opened.recipe == tiny
    assert opened.kind == FROM_SCRATCH
    assert opened.name == run.folder.as_posix()
    assert opened.config["run"]["data"] == str(drawn.train_data)
    assert len(opened.predictions.names) == run.evaluation.n_cells
    assert opened.model.contract.protocol == run.protocol
    assert opened.threshold == opened.model.contract.operating_point("accuracy").threshold


def test_every_cell_and_its_patient_are_known(run):
    opened = open_run(run.folder)
    assert len(opened.cells) == 120
    assert set(opened.patients) == set(opened.cells.names)
    assert len(set(opened.patients.values())) == 12


def test_without_folds_the_run_itself_is_the_one_fit(run, tiny):
    opened = open_run(run.folder)
    assert opened.fits == [RunFolder(run.folder)]
    assert [row["epoch"] for row in opened.history] == list(range(1, tiny.epochs + 1))
    assert all("fold" not in row for row in opened.history)


def test_with_folds_each_is_a_fit_that_judged_its_own_cells(ensemble_run, tiny):
    opened = open_run(ensemble_run.folder)
    assert opened.kind == ENSEMBLE
    assert [fit.path.name for fit in opened.fits] == ["0", "1"]
    judged = [name for fit in opened.fits for name in fit.read_predictions().names]
    assert sorted(judged) == sorted(opened.predictions.names)
    assert {row["fold"] for row in opened.history} == {0, 1}
    assert len(opened.history) == 2 * tiny.epochs


@pytest.mark.parametrize(
    ("members", "start", "kind"),
    [(1, None, FROM_SCRATCH), (1, "ab12", FINE_TUNED), (5, None, ENSEMBLE), (5, "ab12", ENSEMBLE)],
)
def test_the_kind_is_that_of_the_model_file(run, members, start, kind):
    opened = open_run(run.folder)
    training = SimpleNamespace(start_weights_sha256=start)
    contract = SimpleNamespace(members=members, training=training)
    vars(opened)["model"] = SimpleNamespace(contract=contract)  # where the property keeps it
    assert opened.kind == kind
    assert kind in KINDS


def test_what_is_no_finished_run_is_refused(copy, tmp_path):
    (copy / "metrics.json").unlink()
    for path in (copy, tmp_path / "none"):
        with pytest.raises(ModelError, match="holds no finished run"):
            open_run(path)


def test_what_is_damaged_is_said_when_it_is_needed(copy):
    (copy / "config.toml").write_text("run = [")
    opened = open_run(copy)
    with pytest.raises(ModelError, match=r"config\.toml cannot be read"):
        opened.recipe  # noqa: B018
    (copy / "config.toml").write_text("[run]\nseed = 0\n")
    with pytest.raises(ModelError, match=r"config\.toml has no recipe"):
        open_run(copy).recipe  # noqa: B018
    (copy / "metrics.json").write_text(json.dumps({"protocol": "none"}))
    with pytest.raises(ModelError, match=r"metrics\.json is damaged: the figures lack n_cells"):
        open_run(copy).evaluation  # noqa: B018
    with pytest.raises(ModelError, match="holds no operating point accuracy; train again"):
        open_run(copy).threshold  # noqa: B018
