import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from laveran.networks.layers import Block, Conv, Pool
from laveran.networks.stack import StackSpec, plain, residual

strided = st.one_of(
    st.builds(Conv, filters=st.integers(1, 4), stride=st.integers(1, 2)),
    st.builds(Block, filters=st.integers(1, 4), stride=st.integers(1, 2)),
    st.builds(Pool, mode=st.sampled_from(["max", "average"])),
)


@given(st.lists(strided, max_size=5))
def test_maps_are_as_many_and_as_fine_as_the_spec_says(layers):
    layers = [Conv(filters=2), *layers]
    stride = 1
    for layer in layers:
        stride *= layer.stride
    if stride > 8:
        with pytest.raises(ValidationError, match="evidence map needs 8 px or less"):
            StackSpec(layers=layers)
        return
    spec = StackSpec(layers=layers)
    maps = spec.build().eval()(torch.zeros(2, 3, 16, 16))
    assert spec.stride_px == stride
    assert maps.shape == (2, spec.width, 16 // stride, 16 // stride)


def test_a_stride_of_8_is_the_coarsest():
    assert StackSpec(layers=[Conv(filters=1, stride=8)]).stride_px == 8
    with pytest.raises(ValidationError, match="stride by 9 px"):
        StackSpec(layers=[Conv(filters=1, stride=9)])


@pytest.mark.parametrize("layers", [[], [Pool()]])
def test_a_network_needs_a_convolution(layers):
    with pytest.raises(ValidationError, match="at least one convolution"):
        StackSpec(layers=layers)


@pytest.mark.parametrize(
    "layers",
    [
        [{"kind": "conv", "filters": 2, "size": 3}],
        [{"kind": "convolution", "filters": 2}],
        [{"filters": 2}],
        [{"kind": "conv"}],
    ],
)
def test_unknown_or_missing_keys_of_a_layer_are_refused(layers):
    with pytest.raises(ValidationError):
        StackSpec.model_validate({"layers": layers})


def test_unknown_keys_of_a_stack_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        plain((4, 8), depth=3)


def test_a_stack_survives_json():
    spec = residual((4, 8), activation="elu", dropout=0.1, head_dropout=0.2)
    assert StackSpec.model_validate_json(spec.model_dump_json()) == spec


def test_plain_has_stages_of_convolutions_between_poolings():
    kinds = [layer.kind for layer in plain((4, 8, 16), per_stage=3).layers]
    assert kinds == ["conv", "pool", *["conv"] * 3, "pool", *["conv"] * 3]


def test_residual_has_stages_of_blocks():
    kinds = [layer.kind for layer in residual((4, 8, 16), per_stage=2).layers]
    assert kinds == ["conv", "pool", *["block"] * 2, "pool", *["block"] * 2]


def test_settings_reach_every_layer():
    network = plain((4, 8), activation="elu", batch_norm=False, dropout=0.25).build()
    kinds = [type(part).__name__ for part in network.modules()]
    assert kinds.count("Conv2d") == kinds.count("ELU") == kinds.count("Dropout2d") == 3
    assert "BatchNorm2d" not in kinds


def test_parameters_are_as_many_as_counted_by_hand():
    network = plain((16, 32), per_stage=2, batch_norm=False).build()
    counted = 16 * (5 * 5 * 3 + 1) + 32 * (9 * 16 + 1) + 32 * (9 * 32 + 1)
    assert sum(weight.numel() for weight in network.parameters()) == counted
