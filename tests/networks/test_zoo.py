"""Every member of the zoo: it builds, learns, is saved, exported and traced like any other."""

import numpy as np
import onnxruntime
import pytest
import torch

from laveran.errors import ConfigError
from laveran.networks.backbone import state_hash
from laveran.networks.network import build, load, save
from laveran.networks.zoo import ZOO, member

SIZE_PX = 32
PLANES = 3


def cells(name, count=4):
    """Random cells, for `conv3d` random stacks, float in 0..255."""
    shape = (
        (count, 3, PLANES, SIZE_PX, SIZE_PX) if name == "conv3d" else (count, 3, SIZE_PX, SIZE_PX)
    )
    return torch.randint(256, shape, generator=torch.Generator().manual_seed(1)).float()


@pytest.fixture(params=ZOO)
def name(request):
    return request.param


@pytest.fixture
def network(name):
    torch.manual_seed(0)
    return build(member(name), SIZE_PX)


def test_a_member_learns_what_it_is_shown(name, network):
    shown, truth = cells(name), torch.tensor([0.0, 1.0, 0.0, 1.0])
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(shown), truth)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
    assert all(weight.grad is not None for weight in network.parameters())


def test_a_member_comes_back_from_its_folder(name, network, tmp_path):
    network(cells(name))
    save([network], member(name), SIZE_PX, tmp_path)
    again = load(tmp_path)
    assert state_hash(again.state_dict()) == state_hash(network.state_dict())
    assert torch.equal(again(cells(name)), network.eval()(cells(name)))


def test_what_a_member_saw_averages_to_its_logit(name, network):
    network.eval()
    reading = network.read(cells(name))
    assert torch.equal(reading.logit, network(cells(name)))
    if name == "mlp":
        assert reading.evidence is None
        return
    law = reading.evidence.flatten(1).mean(1) + network.head.bias
    torch.testing.assert_close(law, reading.logit, atol=1e-4, rtol=1e-4)
    assert SIZE_PX // reading.evidence.shape[-1] <= 8


def test_a_members_operations_can_be_listed(name, network):
    traced = torch.fx.symbolic_trace(network.features)
    shown = (cells(name) - network.mean) / network.std
    assert torch.equal(traced.eval()(shown), network.features.eval()(shown))


@pytest.mark.slow
def test_an_exported_member_answers_as_torch_does(name, network, tmp_path):
    network(cells(name, 8))  # running statistics
    network.eval()
    path = tmp_path / "network.onnx"
    count = torch.export.Dim("count", min=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)  # the exporter's advice to itself
        program = torch.onnx.export(
            network, (cells(name, 2),), dynamic_shapes=({0: count},), dynamo=True, verbose=False
        )
    program.save(path)
    session = onnxruntime.InferenceSession(path)
    (answer,) = session.run(None, {session.get_inputs()[0].name: cells(name, 5).numpy()})
    np.testing.assert_allclose(answer, network(cells(name, 5)).detach().numpy(), atol=1e-4)


def test_a_member_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="no network is called 'vvg'; the zoo has plain, vgg,"):
        member("vvg")
