import hashlib
import json

import numpy as np
import pytest

import laveran
from laveran.cells.crop import letterbox
from laveran.cells.manifest import read_manifest
from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.model.runtime import load
from laveran.training.folder import RunFolder
from laveran.training.publish import MISTAKES


@pytest.fixture(scope="module")
def contract(run):
    return load(run.folder).contract


@pytest.fixture(scope="module")
def metrics(run):
    return json.loads((run.folder / "metrics.json").read_text())


def parts(run):
    lines = (run.folder / "cells.csv").read_text().splitlines()
    return np.array([line.rsplit(",", 1)[-1] for line in lines[1:]])


def test_the_contract_says_what_the_model_was_trained_on(run, contract, drawn):
    manifest = read_manifest(run.folder / "cells.csv")
    fitted = parts(run) == "train"
    training = contract.training
    assert training.recipe == "tiny"
    assert training.cells == fitted.sum() < len(manifest)
    assert training.patients == len(set(manifest.patients[fitted]))
    assert training.sources == (drawn.train_data.name,)
    assert training.data_sha256 == manifest.checksum
    assert training.species == "drawn"
    assert training.synthetic
    assert training.start_weights_sha256 is None


def test_the_contract_says_how_to_use_the_model(contract):
    assert (contract.crop, contract.size_px) == ("letterbox-v1", 16)
    assert contract.classes == ("uninfected", "parasitized")
    assert contract.laveran_version == laveran.__version__
    assert contract.licence == "not stated"
    names = [point.name for point in contract.operating_points]
    assert names == ["accuracy", "probability=0.5", "specificity=0.99", "specificity=0.998"]
    assert contract.evidence.stride_px == 4
    parameters = 4 * 75 + 2 * 4 + 8 * 36 + 2 * 8 + 9
    assert contract.network == f"stack, {parameters} parameters, 16 px"


def test_the_contracts_figures_are_those_of_the_run(run, contract, metrics):
    for name, figure in run.evaluation.to_json().items():
        found = contract.figures[name]
        assert metrics[name] == figure
        assert (found if isinstance(found, int) else found.model_dump()) == figure
    assert contract.protocol == run.protocol == metrics["protocol"]
    assert contract.optimistic is False is metrics["optimistic"]
    points = [point.model_dump() for point in contract.operating_points]
    assert metrics["operating_points"] == points
    assert contract.temperature == metrics["temperature"]


def test_the_contract_names_the_weights(run, contract):
    weights = (run.folder / "weights.safetensors").read_bytes()
    assert contract.weights_sha256 == hashlib.sha256(weights).hexdigest()


def test_the_golden_cell_is_drawn_and_no_patients(run, contract):
    rng = np.random.default_rng(0)
    image = draw_cell(rng, draw_patient(rng), "ring").image
    golden = contract.golden.cell(16)
    assert np.array_equal(golden[0], letterbox(image, 16))
    answer = load(run.folder).answer(golden)
    assert answer.logit[0] == pytest.approx(contract.golden.logit, abs=1e-5)
    assert answer.probability[0] == pytest.approx(contract.golden.probability, abs=1e-6)


def test_the_model_predicts_what_predictions_say(run, metrics):
    predictions = RunFolder(run.folder).read_predictions()
    assert metrics["export_parity"] < 1e-4
    lowest = min(metrics["history"], key=lambda row: row["valid_loss"])
    allowed = lowest["valid_loss"] + lowest["valid_loss_error"]
    within = [row["epoch"] for row in metrics["history"] if row["valid_loss"] <= allowed]
    assert metrics["best_epoch"] == max(within)
    called = predictions.y_prob >= 0.5
    right = called == (predictions.y_true == 1)
    assert metrics["accuracy"]["value"] == pytest.approx(right.mean())


def test_the_report_shows_the_run(run, tiny):
    page = (run.folder / "report.html").read_text()
    assert run.protocol in page
    assert "synthetic" in page
    assert "OPTIMISTIC" not in page
    assert f"name = &#34;{tiny.name}&#34;" in page
    for part in ("torch", "onnxruntime", "python"):
        assert part in page


def test_the_report_shows_the_worst_mistakes_of_each_kind_with_their_evidence(run):
    predictions = RunFolder(run.folder).read_predictions()
    wrong = (predictions.y_prob >= 0.5) != (predictions.y_true == 1)
    page = (run.folder / "report.html").read_text()
    shown = 0
    for label, kind in enumerate(("false-positive", "false-negative")):
        expected = min(MISTAKES, int((wrong & (predictions.y_true == label)).sum()))
        assert page.count(f'class="card" data-kind="{kind}"') == expected
        shown += expected
    assert shown > 0
    assert page.count("data:image/jpeg") >= 2 * shown  # the cell, and its evidence beside it
