import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from laveran.errors import ModelError
from laveran.model.contract import METADATA_KEY, Contract, Golden
from laveran.model.runtime import load
from laveran.networks.network import Network, build
from laveran.networks.network import load as load_network
from laveran.training import export as exporting
from laveran.training.export import Exported, export
from laveran.training.gate import fit_gate

SIZE_PX = 16
CELLS = np.random.default_rng(0).integers(0, 256, (70, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def network(run):
    return load_network(run.folder)


@pytest.fixture(scope="module")
def contract(run):
    return load(run.folder).contract


@pytest.fixture(scope="module")
def exported(network, contract, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "model.onnx"
    return path, export(exported_of(network, contract), contract, path, CELLS)


def exported_of(network, contract):
    """What goes into the graph of a file with this contract."""
    gates = [gate_of(network)] if contract.gate else []
    return Exported([network], contract.temperature, gates).eval()


def gate_of(network):
    """A gate that knows `CELLS`."""
    with torch.no_grad():
        return fit_gate(network.read(planes()).embedding.numpy(), seed=0)


def planes():
    return torch.from_numpy(CELLS).permute(0, 3, 1, 2).float()


def torch_answer(exported, cells=CELLS):
    with torch.no_grad():
        answer = exported(torch.from_numpy(cells))
    return dict(zip(exported.outputs, (part.numpy() for part in answer), strict=True))


def test_the_file_answers_as_torch_does(exported, network, contract):
    path, difference = exported
    answer = load(path).answer(CELLS)
    expected = torch_answer(exported_of(network, contract))
    assert np.abs(answer.probability - expected["probability"]).max() == pytest.approx(difference)
    assert 0 <= difference < 1e-5
    assert set(expected) == {"probability", "logit", "embedding", "evidence", "outlier"}
    for name, values in expected.items():
        rounding = 1e-2 if name == "outlier" else 1e-4  # a root near 0 magnifies it
        np.testing.assert_allclose(getattr(answer, name), values, atol=rounding)


def test_the_temperature_divides_the_networks_logit(network):
    logit = network(torch.from_numpy(CELLS).permute(0, 3, 1, 2).float()).detach().numpy()
    answer = torch_answer(Exported([network], 4.0))
    np.testing.assert_allclose(answer["logit"], logit / 4, rtol=1e-5)
    np.testing.assert_allclose(answer["probability"], 1 / (1 + np.exp(-logit / 4)), rtol=1e-5)


def test_the_evidence_averages_to_the_logit_in_the_file(exported, contract):
    answer = load(exported[0]).answer(CELLS)
    law = answer.evidence.mean((1, 2)) + contract.evidence.bias
    np.testing.assert_allclose(law, answer.logit, atol=1e-5)


def test_the_bias_is_calibrated_as_well(network):
    assert Exported([network], 2.0).bias == pytest.approx(network.head.bias.item() / 2)


@pytest.fixture(scope="module")
def members(network, tiny):
    torch.manual_seed(3)
    return [network, build(tiny.network, SIZE_PX).eval(), build(tiny.network, SIZE_PX).eval()]


@pytest.fixture(scope="module")
def ensemble(members, contract, tmp_path_factory):
    """An ensemble's file, and what it should say by its members alone."""
    exported = Exported(members, 1.5, [gate_of(member) for member in members]).eval()
    with torch.no_grad():
        readings = [member.read(planes()) for member in members]
        outlier = [
            gate(each.embedding) for gate, each in zip(exported.gates, readings, strict=True)
        ]
        golden = torch_answer(exported, CELLS[:1])
    named = Golden.of(CELLS[0], float(golden["logit"][0]), float(golden["probability"][0]))
    evidence = contract.evidence.model_copy(update={"bias": exported.bias})
    changes = {"golden": named, "members": 3, "temperature": 1.5, "evidence": evidence}
    path = tmp_path_factory.mktemp("ensemble") / "model.onnx"
    export(exported, contract.model_copy(update=changes), path, CELLS)
    return load(path), readings, torch.stack(outlier).numpy()


def test_an_ensemble_answers_with_the_mean_logit(ensemble):
    model, readings, _ = ensemble
    mean = np.mean([reading.logit.numpy() for reading in readings], axis=0) / 1.5
    answer = model.answer(CELLS)
    np.testing.assert_allclose(answer.logit, mean, atol=1e-4)
    law = answer.evidence.mean((1, 2)) + model.contract.evidence.bias
    np.testing.assert_allclose(law, answer.logit, atol=1e-4)


def test_an_ensemble_says_how_far_its_members_disagree(ensemble):
    model, readings, _ = ensemble
    logits = np.stack([reading.logit.numpy() for reading in readings]) / 1.5
    expected = (1 / (1 + np.exp(-logits))).std(axis=0, ddof=1)
    np.testing.assert_allclose(model.answer(CELLS).disagreement, expected, atol=1e-5)


def test_an_ensembles_outlier_is_the_mean_of_its_members(ensemble):
    model, _, outlier = ensemble
    np.testing.assert_allclose(model.answer(CELLS).outlier, outlier.mean(axis=0), atol=1e-2)


def test_an_ensembles_embedding_is_that_of_all_members(ensemble):
    model, readings, _ = ensemble
    expected = np.concatenate([reading.embedding.numpy() for reading in readings], axis=1)
    np.testing.assert_allclose(model.answer(CELLS).embedding, expected, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 33])
def test_any_number_of_cells_at_once(exported, count):
    session = onnxruntime.InferenceSession(exported[0])
    (probability,) = session.run(["probability"], {"cells": CELLS[:count]})
    assert probability.shape == (count,)


def test_the_contract_travels_in_the_file(exported, contract):
    entries = {each.key: each.value for each in onnx.load(exported[0]).metadata_props}
    assert Contract.model_validate_json(entries[METADATA_KEY]) == contract


def test_the_weights_travel_in_the_file(exported):
    tensors = onnx.load(exported[0], load_external_data=False).graph.initializer
    assert tensors
    assert {tensor.data_location for tensor in tensors} == {onnx.TensorProto.DEFAULT}


def test_nothing_of_the_machine_travels_in_the_file(exported):
    content = exported[0].read_bytes()
    for trace in (exporting.__file__, torch.__file__, "stack_trace", "site-packages", "aten."):
        assert trace.encode() not in content


def test_a_difference_over_the_tolerance_is_refused_and_nothing_is_left(
    network, contract, tmp_path, monkeypatch
):
    monkeypatch.setattr(exporting, "PARITY", 0.0)
    with pytest.raises(ModelError, match="differs from the network") as refused:
        export(exported_of(network, contract), contract, tmp_path / "model.onnx", CELLS)
    assert "nothing was written" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_refused_file_leaves_the_one_before(network, contract, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"before")
    monkeypatch.setattr(exporting, "PARITY", 0.0)
    with pytest.raises(ModelError):
        export(exported_of(network, contract), contract, path, CELLS)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_another_networks_golden_answer_is_refused(contract, tiny, tmp_path):
    torch.manual_seed(9)
    other = build(tiny.network, SIZE_PX).eval()
    wrong = 0.5 + np.copysign(0.5, 0.5 - contract.golden.probability)
    golden = Golden.of(CELLS[0], 9.0, float(wrong))
    with pytest.raises(ModelError, match="does not answer as it did"):
        export(
            exported_of(other, contract),
            contract.model_copy(update={"golden": golden}),
            tmp_path / "model.onnx",
            CELLS,
        )
    assert list(tmp_path.iterdir()) == []


class Branching(torch.nn.Module):
    """Features that depend on the values: no graph can be drawn of them."""

    def forward(self, cells):
        return cells if cells.sum() > 0 else -cells


def test_what_cannot_be_exported_is_refused_in_one_sentence(contract, tmp_path):
    broken = Network(Branching(), 3).eval()
    with pytest.raises(ModelError, match=f"torch cannot export {contract.network} to ONNX"):
        export(Exported([broken], 1.0), contract, tmp_path / "model.onnx", CELLS)
    assert list(tmp_path.iterdir()) == []
