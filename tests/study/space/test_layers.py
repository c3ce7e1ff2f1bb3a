"""The layers that are shown: joined as they add up, on any network with maps."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from laveran.errors import ConfigError
from laveran.networks.backbone import BackboneSpec
from laveran.networks.layers import Conv, Pool
from laveran.networks.network import Network, build
from laveran.networks.stack import StackSpec, plain, residual
from laveran.study.space.layers import map_layers

SIZE_PX = 20
UNEVEN = StackSpec(
    layers=(
        Conv(filters=3, kernel=4, stride=3, padding="full", edge="reflect"),
        Conv(filters=4, kernel=3, padding="none"),
        Pool(mode="average", size=3, stride=1),
        Conv(filters=2, kernel=3, edge="circular"),
    ),
    batch_norm=False,
    activation="elu",
)


class Mixed(nn.Module):
    """Groups, dilation, a batch norm on its own, a gate, a concatenation, a product by maps."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=2, dilation=2)
        self.act = nn.ReLU(inplace=True)
        self.grouped = nn.Conv2d(4, 6, (3, 1), stride=(2, 1), padding=(1, 0), groups=2)
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.norm = nn.BatchNorm2d(10)
        self.squeeze = nn.AdaptiveAvgPool2d(1)

    def forward(self, cells):
        maps = self.act(self.first(cells))
        halves = self.grouped(maps)[:, :, :, ::2]
        joined = torch.cat((self.pool(maps), halves), dim=1)
        normed = self.norm(joined)
        return normed * torch.sigmoid(self.squeeze(joined)) + joined


def unsettled(network: Network) -> Network:
    """With statistics and weights of batch norm that are not those of the start."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values in (module.running_mean, module.bias.data):
                nn.init.normal_(values)
            for values in (module.running_var, module.weight.data):
                nn.init.uniform_(values, 0.5, 2)
    return network.eval()


def network_of(kind) -> Network:
    torch.manual_seed(3)
    if kind == "mixed":
        return unsettled(Network(Mixed(), 10))
    return unsettled(build(kind, SIZE_PX))


def a_cell():
    return torch.rand(1, 3, SIZE_PX, SIZE_PX, generator=torch.Generator().manual_seed(1)) * 255


def again(layers, layer):
    """What torch makes of the inputs of a layer by its window and weights, before activation."""
    inputs = [torch.from_numpy(layers[place].maps)[None] for place in layer.inputs]
    window = layer.window
    if layer.kind == "convolution":
        maps = padded(inputs[0], layer)
        groups = maps.shape[1] // layer.weights.shape[1]
        weights, bias = torch.from_numpy(layer.weights), torch.from_numpy(layer.bias)
        made = functional.conv2d(maps, weights, bias, window.stride, 0, window.dilation, groups)
    elif layer.kind == "maximum":
        made = functional.max_pool2d(inputs[0], window.kernel, window.stride, window.padding)
    elif layer.kind == "average":
        made = functional.avg_pool2d(inputs[0], window.kernel, window.stride, window.padding)
    elif layer.kind == "concatenation":
        made = torch.cat(inputs, dim=1)
    else:
        made = {"add": sum(inputs), "mul": torch.ones(())}[layer.operations[0]]
        for maps in inputs if layer.operations[0] == "mul" else ():
            made = made * maps
    return made[0].numpy()


def padded(maps, layer):
    """Maps with what stands beyond their edge: before the first unit as told, then to the last."""
    window = layer.window
    ends = []
    for axis in (1, 0):  # torch pads the last axis first
        reach = (layer.maps.shape[1 + axis] - 1) * window.stride[axis] + 1
        reach += (window.kernel[axis] - 1) * window.dilation[axis]
        before = window.padding[axis]
        ends += [before, max(0, reach - maps.shape[2 + axis] - before)]
    return functional.pad(maps, ends, "constant" if window.edge == "zeros" else window.edge)


SPECS = {
    "plain": plain((4, 6), per_stage=2),
    "residual": residual((4, 6), per_stage=2, dropout=0.1),
    "uneven": UNEVEN,
    "mixed": "mixed",
}


@pytest.mark.parametrize("name", SPECS)
def test_each_layer_adds_up_from_those_before_it(name):
    layers = map_layers(network_of(SPECS[name]), a_cell())
    for place, layer in enumerate(layers):
        assert all(before < place for before in layer.inputs)
        if layer.kind in ("cell", "other") or layer.operations[0] == "sigmoid":
            continue
        expected = layer.maps if layer.before is None else layer.before
        np.testing.assert_allclose(again(layers, layer), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", SPECS)
def test_the_end_is_what_the_network_says(name):
    network, cell = network_of(SPECS[name]), a_cell()
    average, answer, evidence = map_layers(network, cell, temperature=2.0)[-3:]
    reading = network.read(cell)
    logit = float(reading.logit.detach()) / 2
    np.testing.assert_allclose(average.maps[:, 0, 0], reading.embedding[0].detach(), rtol=1e-4)
    assert float(answer.before[0, 0, 0]) == pytest.approx(logit, rel=1e-4, abs=1e-5)
    assert float(answer.maps[0, 0, 0]) == pytest.approx(1 / (1 + np.exp(-logit)), rel=1e-4)
    assert evidence.maps.mean() + answer.bias[0] == pytest.approx(logit, rel=1e-3, abs=1e-4)
    np.testing.assert_allclose(evidence.maps[0] * 2, reading.evidence[0].detach(), rtol=1e-3)


def test_what_is_joined_and_what_is_not():
    layers = map_layers(network_of(SPECS["mixed"]), a_cell())
    told = [(layer.kind, layer.operations) for layer in layers[1:-3]]
    assert told == [
        ("convolution", ("Conv2d", "ReLU")),
        ("convolution", ("Conv2d",)),
        ("other", ("getitem",)),
        ("maximum", ("MaxPool2d",)),
        ("concatenation", ("cat",)),
        ("convolution", ("BatchNorm2d",)),
        ("average", ("AdaptiveAvgPool2d", "sigmoid")),
        ("pointwise", ("mul",)),
        ("pointwise", ("add",)),
    ]


def test_a_convolution_in_place_keeps_what_came_before_its_activation():
    first = map_layers(network_of(SPECS["mixed"]), a_cell())[1]
    assert first.before.min() < 0
    np.testing.assert_array_equal(first.maps, np.maximum(first.before, 0))


def test_the_network_is_left_as_it_is():
    network = network_of(SPECS["mixed"])
    before = network(a_cell())
    map_layers(network, a_cell())
    assert network.features.act.inplace
    assert torch.equal(network(a_cell()), before)


def test_a_network_without_maps_is_refused():
    flat = Network(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE_PX**2, 4)), 4).eval()
    with pytest.raises(ConfigError, match="two-dimensional maps"):
        map_layers(flat, a_cell())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "resnet18", "mobilenetv3_small_050"])
def test_a_backbone_adds_up_too(name):
    network = unsettled(build(BackboneSpec(name=name), 32))
    layers = map_layers(network, torch.rand(1, 3, 32, 32) * 255)
    checked = [layer for layer in layers[1:] if layer.kind == "convolution"]
    assert len(checked) > 20
    for layer in checked:
        expected = layer.maps if layer.before is None else layer.before
        scale = np.abs(expected).max()
        np.testing.assert_allclose(again(layers, layer), expected, atol=1e-4 * scale)
