import numpy as np
import pytest
import torch
from pydantic import ValidationError

from laveran.networks.highway import highway
from laveran.networks.highway_layer import Highway, HighwayLayer
from laveran.networks.layers import Style
from laveran.networks.stack import StackSpec

POINTWISE = Highway(kernel=1)
BARE = Style(batch_norm=False)


def test_a_layer_mixes_by_its_gate_as_the_equation_says():
    torch.manual_seed(0)
    layer = HighwayLayer(POINTWISE, 3, BARE)
    with torch.no_grad():
        layer.gate[0].bias.copy_(torch.tensor([-1.0, 0.0, 2.0]))
    x = np.random.default_rng(0).normal(size=(3, 20)).astype(np.float32)  # [C, H * W]
    weights = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    gain, offset = weights["transform.0.weight"][:, :, 0, 0], weights["transform.0.bias"]
    h = np.maximum(gain @ x + offset[:, None], 0)
    gain, offset = weights["gate.0.weight"][:, :, 0, 0], weights["gate.0.bias"]
    t = 1 / (1 + np.exp(-(gain @ x + offset[:, None])))
    found = layer(torch.from_numpy(x).reshape(1, 3, 4, 5)).detach().numpy().reshape(3, 20)
    np.testing.assert_allclose(found, h * t + x * (1 - t), atol=1e-6)


def test_a_closed_gate_carries_and_an_open_one_transforms():
    layer, maps = HighwayLayer(Highway(), 4, Style()).eval(), torch.randn(2, 4, 6, 6)
    layer.gate[0].bias.data.fill_(-100)
    assert torch.equal(layer(maps), maps)
    layer.gate[0].bias.data.fill_(100)
    assert torch.equal(layer(maps), layer.transform(maps))


def test_the_gate_starts_from_the_bias_that_is_asked_for():
    assert HighwayLayer(Highway(bias=-3), 4, BARE).gate[0].bias.tolist() == [-3] * 4


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Highway(bias=0), "less than 0"),
        (lambda: Highway(kernel=2), "needs an odd kernel"),
        (lambda: Highway(filters=8), "Extra inputs"),
        (lambda: Highway(stride=2), "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(make, reason):
    with pytest.raises(ValidationError, match=reason):
        make()


def test_a_highway_network_has_as_many_weights_as_counted_by_hand():
    network = highway((4, 8), per_stage=3, batch_norm=False).build()
    counted = 4 * (75 + 1) + 8 * (9 * 4 + 1) + 2 * 2 * 8 * (9 * 8 + 1)
    assert sum(weight.numel() for weight in network.parameters()) == counted


def test_a_highway_network_survives_json():
    spec = highway((4, 8), per_stage=3, activation="elu")
    assert StackSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.width == 8
