"""A multilayer perceptron goes the whole way from recipe to report, without evidence maps."""

import json

import numpy as np
import pytest
import torch

from laveran.errors import ConfigError
from laveran.model.evaluation import evaluate
from laveran.model.prediction import predict
from laveran.model.runtime import load
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import load as load_network
from laveran.networks.network import load_members
from laveran.training import train
from laveran.training.folder import RunFolder
from laveran.training.notebook import write_notebook


@pytest.fixture(scope="module")
def mlp(tiny):
    return tiny.replace(network=MlpSpec(hidden=(12, 6), dropout=0.1).model_dump())


@pytest.fixture(scope="module")
def run(drawn, mlp, tmp_path_factory):
    """A finished run of a multilayer perceptron; not to be written to."""
    out = tmp_path_factory.mktemp("runs") / "mlp"
    return train(drawn.train_data, drawn.train_labels, out=out, recipe=mlp)


def test_the_model_file_leaves_evidence_out(run):
    model = load(run.folder)
    assert sorted(model.outputs) == ["embedding", "logit", "outlier", "probability"]
    assert model.contract.evidence is None
    parameters = 12 * 768 + 2 * 12 + 6 * 12 + 2 * 6 + 7
    assert model.contract.network == f"mlp, {parameters:,} parameters, 16 px"


def test_the_file_answers_as_the_network_in_the_folder(run):
    model, network = load(run.folder), load_network(run.folder)
    cells = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)
    answer = model.answer(cells)
    reading = network.read(torch_planes(cells))
    temperature = model.contract.temperature
    expected = reading.logit.detach().numpy() / temperature
    np.testing.assert_allclose(answer.logit, expected, atol=1e-4)
    np.testing.assert_allclose(answer.embedding, reading.embedding.detach().numpy(), atol=1e-4)
    assert answer.evidence is None


def torch_planes(cells):
    return torch.from_numpy(cells).permute(0, 3, 1, 2).float()


def test_it_predicts_and_is_evaluated(run, drawn, tmp_path):
    predict(drawn.test_data, model=run.folder, out=tmp_path / "submission.csv")
    assert len((tmp_path / "submission.csv").read_text().splitlines()) > 10
    found = evaluate(drawn.train_data, drawn.train_labels, model=run.folder)
    scored = RunFolder(run.folder).read_predictions()
    said = dict(zip(found.manifest.names, found.y_prob.tolist(), strict=True))
    np.testing.assert_allclose([said[name] for name in scored.names], scored.y_prob, atol=1e-4)


def test_the_report_shows_mistakes_without_evidence(run):
    page = (run.folder / "report.html").read_text()
    assert "what the network saw in it" not in page
    assert json.loads((run.folder / "metrics.json").read_text())["export_parity"] < 1e-4


def test_the_notebook_says_that_there_is_no_map(run, drawn, tmp_path):
    write_notebook([run.folder], tmp_path / "homework.ipynb", test=drawn.test_data)
    story = (tmp_path / "homework.ipynb").read_text()
    assert "A multilayer perceptron has no maps" in story
    assert "with_evidence" not in story


@pytest.mark.slow
def test_its_folds_make_an_ensemble(drawn, mlp, tmp_path):
    train(
        drawn.train_data,
        drawn.train_labels,
        out=tmp_path / "run",
        recipe=mlp.replace(epochs=1),
        folds=2,
        ensemble=True,
    )
    assert len(load_members(tmp_path / "run")) == 2
    model = load(tmp_path / "run", tta=True)
    cell = np.zeros((1, 16, 16, 3), np.uint8)
    assert model.answer(cell).evidence is None
    assert model.answer(cell).disagreement.shape == (1,)


def test_a_recipe_for_focus_stacks_is_sent_to_its_study(drawn, tiny, tmp_path):
    stacks = tiny.replace(network={"family": "conv3d"})
    with pytest.raises(ConfigError, match="the recipe tiny is for focus stacks, which `laveran"):
        train(drawn.train_data, drawn.train_labels, out=tmp_path / "run", recipe=stacks)
    assert not (tmp_path / "run").exists()
