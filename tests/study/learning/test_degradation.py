"""Networks of one depth differ in their shortcuts and in nothing else."""

import pytest
import torch
from torch import nn

from laveran.errors import ConfigError
from laveran.networks.network import build
from laveran.study.learning.degradation import KINDS, SIZE_PX, Depth, depths_of, network_of


def convolutions(depth):
    network = build(network_of(depth), SIZE_PX)
    return [
        part
        for name, part in network.named_modules()
        if isinstance(part, nn.Conv2d) and "gate" not in name
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [6, 10, 26])
def test_a_network_is_as_deep_as_it_says(kind, depth):
    assert len(convolutions(Depth(kind, depth, batch_norm=True))) == depth


@pytest.mark.parametrize("norm", [False, True])
def test_plain_and_residual_have_the_same_weights(norm):
    plain, residual = (build(network_of(Depth(kind, 10, norm)), SIZE_PX) for kind in
                       ("plain", "residual"))  # fmt: skip
    shapes = [[weight.shape for weight in network.parameters()] for network in (plain, residual)]
    assert shapes[0] == shapes[1]


def test_the_gradient_vanishes_where_there_is_no_way_around():
    falls = {}
    for kind in ("plain", "residual"):
        torch.manual_seed(0)
        network = build(network_of(Depth(kind, 26, batch_norm=False)), SIZE_PX)
        network(torch.randint(256, (8, 3, SIZE_PX, SIZE_PX)).float()).sum().backward()
        sizes = [
            float(part.weight.grad.abs().mean())
            for part in network.modules()
            if isinstance(part, nn.Conv2d)
        ]
        falls[kind] = sizes[0] / sizes[-1]
    assert falls["plain"] < 1e-5
    assert falls["residual"] > 0.1


@pytest.mark.parametrize("depth", [2, 7, 8, 25])
def test_other_depths_are_refused(depth):
    with pytest.raises(ConfigError, match=f"a depth of {depth} convolutions"):
        depths_of([6, depth])
