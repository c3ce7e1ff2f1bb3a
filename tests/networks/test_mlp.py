import pytest
import torch
from pydantic import TypeAdapter, ValidationError
from torch import nn

from laveran.networks.dropout import monte_carlo
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import NetworkSpec, build, load, save

BARE = MlpSpec(hidden=(1,), batch_norm=False)


def count(module):
    return sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize(("size_px", "lecture"), [(32, 3_073), (224, 150_529)])
def test_a_neuron_has_as_many_weights_as_the_lecture_counts(size_px, lecture):
    """The slide prints 150129 for the second: 224 * 224 * 3 + 1 = 150,529."""
    assert count(BARE.build(size_px)) == lecture


def test_weights_are_as_many_as_counted_by_hand():
    spec = MlpSpec(hidden=(7, 5), batch_norm=False)
    assert count(build(spec, 8)) == 7 * (192 + 1) + 5 * (7 + 1) + (5 + 1)
    normed = MlpSpec(hidden=(7, 5))
    assert count(build(normed, 8)) == 7 * 192 + 2 * 7 + 5 * 7 + 2 * 5 + (5 + 1)


def test_a_reading_has_no_evidence_and_agrees_with_forward():
    torch.manual_seed(0)
    network = build(MlpSpec(hidden=(6, 4)), 8).eval()
    cells = torch.rand(3, 3, 8, 8) * 255
    reading = network.read(cells)
    assert reading.evidence is None
    assert reading.embedding.shape == (3, 4)
    assert torch.equal(reading.logit, network(cells))
    assert torch.equal(network.embed(cells), reading.embedding)


def test_the_style_reaches_every_hidden_layer():
    modules = MlpSpec(hidden=(4, 3), activation="elu", dropout=0.3).build(4)
    kinds = [type(part) for part in modules]
    assert kinds == [nn.Flatten, *[nn.Linear, nn.BatchNorm1d, nn.ELU, nn.Dropout] * 2]
    assert all(part.p == 0.3 for part in modules if isinstance(part, nn.Dropout))


@pytest.mark.parametrize("dropped", [{"dropout": 0.4}, {"head_dropout": 0.4}])
def test_dropout_can_be_left_on_to_ask_again(dropped):
    torch.manual_seed(0)
    network = build(MlpSpec(hidden=(16,), **dropped), 8)
    assert (monte_carlo(network, torch.rand(4, 3, 8, 8), passes=5).disagreement > 0).all()


def test_it_knows_one_size_only(tmp_path):
    spec = MlpSpec(hidden=(4,))
    save([build(spec, 8)], spec, 8, tmp_path)
    assert load(tmp_path)(torch.zeros(1, 3, 8, 8)).shape == (1,)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        load(tmp_path)(torch.zeros(1, 3, 9, 9))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"hidden": []}, "at least 1 item"),
        ({"hidden": [4, 0]}, "greater than or equal to 1"),
        ({"filters": [4]}, "Extra inputs"),
        ({"head_dropout": 1}, "less than 1"),
    ],
)
def test_what_cannot_work_is_refused(values, reason):
    with pytest.raises(ValidationError, match=reason):
        TypeAdapter(NetworkSpec).validate_python({"family": "mlp", **values})
