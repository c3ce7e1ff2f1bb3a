import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from laveran.networks.dense import dense
from laveran.networks.dense_block import Dense, DenseBlock
from laveran.networks.layers import Style
from laveran.networks.stack import StackSpec


def test_each_convolution_sees_all_maps_before_it():
    torch.manual_seed(0)
    block = DenseBlock(Dense(growth=2, layers=3), 4, Style()).eval()
    first = torch.randn(1, 4, 6, 6)
    second = block.steps[0](first)
    third = block.steps[1](torch.cat((first, second), 1))
    fourth = block.steps[2](torch.cat((first, second, third), 1))
    assert torch.equal(block(first), torch.cat((first, second, third, fourth), 1))


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(1, 5), st.integers(2, 9))
def test_a_dense_network_is_as_wide_as_it_says(blocks, growth, filters):
    width = filters
    for number, depth in enumerate(blocks):
        width = (width // 2 if number else width) + depth * growth
    if len(blocks) > 2:
        with pytest.raises(ValidationError, match="evidence map needs 8 px or less"):
            dense(blocks, growth, filters)
        return
    spec = dense(blocks, growth, filters)
    side = 32 // spec.stride_px
    assert spec.width == width
    assert spec.build().eval()(torch.zeros(1, 3, 32, 32)).shape == (1, width, side, side)


def test_a_transition_halves_maps_and_size():
    kinds = [layer.kind for layer in dense((2, 2), growth=4, filters=8).layers]
    assert kinds == ["conv", "pool", "dense", "conv", "pool", "dense"]
    transition, pool = dense((2, 2), growth=4, filters=8).layers[3:5]
    assert (transition.kernel, transition.filters, pool.mode) == (1, 8, "average")


def test_a_dense_network_has_as_many_weights_as_counted_by_hand():
    network = dense((2, 1), growth=4, filters=8, batch_norm=False).build()
    blocks = 4 * (9 * 8 + 1) + 4 * (9 * 12 + 1) + 4 * (9 * 8 + 1)
    counted = 8 * (75 + 1) + blocks + 8 * (16 + 1)
    assert sum(weight.numel() for weight in network.parameters()) == counted


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Dense(growth=0, layers=2), "greater than or equal to 1"),
        (lambda: Dense(growth=2, layers=0), "greater than or equal to 1"),
        (lambda: Dense(growth=2, layers=2, kernel=4), "needs an odd kernel"),
        (lambda: Dense(growth=2, layers=2, filters=4), "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(make, reason):
    with pytest.raises(ValidationError, match=reason):
        make()


def test_a_dense_network_survives_json():
    spec = dense((2, 2), growth=4, dropout=0.1)
    assert StackSpec.model_validate_json(spec.model_dump_json()) == spec
