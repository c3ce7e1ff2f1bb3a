"""A CNN's maps move along with the cell; a perceptron has nothing that does."""

import numpy as np
import pytest
import torch

from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build
from laveran.networks.stack import plain
from laveran.study.learning.cell_changes import framed
from laveran.study.learning.shift_networks import (
    CNN,
    MLP,
    SIDE_PX,
    equal_mlp,
    networks,
    parameters_of,
)
from laveran.study.learning.translation import drift, equivariance_error

CELLS = framed(np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8), 32)


@pytest.fixture(scope="module")
def cnn():
    torch.manual_seed(0)
    network = build(plain((4, 8, 8), per_stage=1), 32)
    network.train()(torch.randn(16, 3, 32, 32) * 100)  # batch norm has seen something
    return network.eval()


def test_maps_move_by_a_unit_where_cells_move_by_the_stride(cnn):
    assert equivariance_error(cnn, CELLS, 8) < 1e-5


def test_maps_that_know_their_place_do_not_move_along(cnn, monkeypatch):
    alike = cnn.maps
    monkeypatch.setattr(cnn, "maps", lambda cells: alike(cells) * torch.arange(1, 13))
    assert equivariance_error(cnn, CELLS, 8) > 0.01


def test_an_embedding_drifts_little_in_a_cnn_and_much_in_a_perceptron(cnn):
    torch.manual_seed(0)
    roomy = framed(CELLS, 64)  # what the cnn's units see ends before the edge
    perceptron = build(MlpSpec(hidden=(16,), batch_norm=False), 64).eval()
    ours, theirs = (drift(network, roomy, [0, 8]) for network in (cnn, perceptron))
    assert ours[0] == theirs[0] == 0
    assert ours[1] < 0.05
    assert theirs[1] > 0.5


@pytest.mark.parametrize("hidden", [1, 3, 7])
def test_the_width_of_a_perceptron_is_found_again(hidden):
    spec = MlpSpec(hidden=(hidden,))
    assert equal_mlp(parameters_of(spec, 16), 16) == spec
    assert equal_mlp(parameters_of(spec, 16) + 300, 16) == spec  # a neuron has 771


def test_both_networks_have_about_as_many_parameters():
    ours, theirs = (parameters_of(networks()[name], SIDE_PX) for name in (CNN, MLP))
    assert theirs == pytest.approx(ours, rel=0.1)


def test_weights_a_neuron_are_those_of_the_lecture():
    for side, weights in ((32, 3_073), (64, 12_289)):
        one, two = (
            parameters_of(MlpSpec(hidden=(width,), batch_norm=False), side) for width in (1, 2)
        )
        assert two - one == weights + 1  # and a weight of the head
