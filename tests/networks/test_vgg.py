import pytest
from pydantic import ValidationError

from laveran.networks.layers import Conv
from laveran.networks.vgg import vgg


def test_all_convolutions_are_3_by_3_and_of_stride_1():
    convolutions = [layer for layer in vgg().layers if isinstance(layer, Conv)]
    assert {(layer.kernel, layer.stride) for layer in convolutions} == {(3, 1)}
    assert [layer.filters for layer in convolutions] == [16, 16, 32, 32, 64, 64, 64, 64]


def test_a_vgg_network_has_as_many_weights_as_counted_by_hand():
    network = vgg((4, 8), per_stage=2, batch_norm=False).build()
    counted = 4 * (27 + 1) + 4 * (36 + 1) + 8 * (36 + 1) + 8 * (72 + 1)
    assert sum(weight.numel() for weight in network.parameters()) == counted


def test_a_fifth_stage_would_be_too_coarse():
    assert vgg((2, 2, 2, 2)).stride_px == 8
    with pytest.raises(ValidationError, match="stride by 16 px"):
        vgg((2, 2, 2, 2, 2))
