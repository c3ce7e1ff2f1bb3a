"""A network row by row: by hand, against torchinfo, and against what gradients reach."""

import json
from math import prod

import numpy as np
import pytest
import torch
import torchinfo
from torch import nn

from laveran.networks.backbone import BackboneSpec
from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.dense import dense
from laveran.networks.describe import describe, fields
from laveran.networks.highway import highway
from laveran.networks.layers import Conv, Pool
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build
from laveran.networks.stack import StackSpec, plain, residual
from laveran.networks.trace import trace
from laveran.networks.vgg import vgg
from laveran.training.recipe import SHIPPED, load_recipe

COUNTED = ("Conv1d", "Conv2d", "Conv3d", "Conv2dSame", "Linear")
RECIPES = {name: load_recipe(name).network for name in SHIPPED}
ZOO = {
    "plain": plain((4, 8, 8), activation="elu"),
    "vgg": vgg((4, 8, 8)),
    "residual": residual((4, 8, 12), per_stage=2),
    "highway": highway((4, 8), per_stage=2),
    "dense": dense((2, 2), growth=3, filters=6),
    "layers": StackSpec(
        layers=(
            Conv(filters=4, kernel=4, padding="full"),
            Pool(mode="average", size=3, stride=2),
            Conv(filters=6, kernel=5, stride=2, padding="none"),
        ),
        batch_norm=False,
    ),
}
FLAT = {"mlp": MlpSpec(hidden=(6, 4))}
STACKS = Conv3dSpec(filters=(4, 6), depth=3)
BACKBONES = ("resnet18", "tf_efficientnet_lite0")


def black(size_px):
    return torch.zeros(1, 3, size_px, size_px)


def by_name(network, size_px=32):
    return {row.name: row for row in describe(network.eval(), black(size_px)).rows}


def test_16_filters_of_3_x_3_on_rgb_have_448_parameters():
    (row,) = describe(nn.Sequential(nn.Conv2d(3, 16, 3)), black(32)).rows
    assert row.parameters == 16 * (3 * 3 * 3 + 1) == 448
    assert row.output == (16, 30, 30)
    assert row.multiply_adds == 448 * 30 * 30


@pytest.mark.parametrize(("size_px", "weights"), [(32, 3_073), (224, 150_529)])
def test_a_neuron_on_a_picture_has_a_weight_for_each_value(size_px, weights):
    # the lecture's slide prints 150129 for 224 x 224 x 3 + 1
    neuron = nn.Sequential(nn.Flatten(), nn.Linear(3 * size_px**2, 1))
    found = describe(neuron, black(size_px))
    assert found.parameters == found.multiply_adds == weights


def test_the_first_layers_of_fast_by_hand():
    rows = by_name(build(RECIPES["fast"], 64), 64)
    first, pool, second = rows["features.0.0"], rows["features.1"], rows["features.2.0"]
    assert first.written == (
        *("features.0.0", "Conv2d", "16 x 32 x 32", "5", "2", "2"),
        *("1,200", f"{1200 * 32 * 32:,}", "5", "2", "0"),
    )
    assert pool.written[3:] == ("2", "2", "0", "", "", "7", "4", "1")
    assert second.parameters == 32 * 16 * 3 * 3  # batch norm follows: no bias
    assert second.multiply_adds == second.parameters * 16 * 16
    assert rows["features.2.1"].parameters == 2 * 32
    assert rows["head"].parameters == rows["head"].multiply_adds == 64 + 1
    assert rows["head"].written[8:] == ("whole picture", "", "")


@pytest.mark.parametrize("spec", [*RECIPES.values(), *ZOO.values(), *FLAT.values()])
def test_parameters_and_multiply_adds_are_torchinfos(spec):
    check_against_torchinfo(build(spec, 32).eval(), black(32))


def test_focus_stacks_too():
    network = build(STACKS, 32).eval()
    check_against_torchinfo(network, torch.zeros(1, 3, 5, 32, 32))
    rows = {row.name: row for row in describe(network, torch.zeros(1, 3, 5, 32, 32)).rows}
    assert rows["features.0.0"].written[3:6] == ("3 x 5 x 5", "1 x 2 x 2", "1 x 2 x 2")
    assert rows["features.2.0"].written[8:] == ("5 x 15 x 15", "1 x 4 x 4", "0 x 1 x 1")


@pytest.mark.slow
@pytest.mark.parametrize("name", BACKBONES)
def test_backbones_too(name):
    check_against_torchinfo(build(BackboneSpec(name=name), 32).eval(), black(32))


def check_against_torchinfo(network, cells):
    found = describe(network, cells)
    summary = torchinfo.summary(
        network, input_data=cells, verbose=0, depth=9, device="cpu", col_names=["mult_adds"]
    )
    theirs = [layer for layer in summary.summary_list if layer.is_leaf_layer]
    counted = [layer for layer in theirs if layer.class_name in COUNTED]
    ours = [row for row in found.rows if row.operation in COUNTED]
    assert found.parameters == summary.total_params == sum(row.parameters for row in found.rows)
    assert sorted(row.parameters for row in ours) == sorted(each.num_params for each in counted)
    assert sorted(row.multiply_adds for row in ours) == sorted(each.macs for each in counted)
    assert [list(row.output) for row in ours] == [each.output_size[1:] for each in counted]
    # of batch norm torchinfo counts each weight once, whatever the size of the maps
    idle = sum(each.macs for each in theirs if "BatchNorm" in each.class_name)
    assert found.multiply_adds == summary.total_mult_adds - idle


@pytest.mark.parametrize("name", ZOO)
def test_the_field_is_what_gradients_reach(name):
    """Positive weights let no gradient vanish; average pooling lets every pixel count."""
    features = positive(build(ZOO[name], 64).features)
    cells = torch.rand(1, 3, 128, 128, dtype=torch.float64, requires_grad=True)
    steps = trace(features, cells)
    seen = fields(steps, cells)
    for step in steps:
        unit = step.output
        places = [size // 2 for size in unit.shape[2:]]
        for place in places:
            unit = unit[:, :, place]
        (gradient,) = torch.autograd.grad(unit.sum(), cells, retain_graph=True)
        reached = np.argwhere(gradient.abs().sum((0, 1)).numpy() > 0)
        for axis, (place, field) in enumerate(zip(places, seen[step.name], strict=True)):
            expected = (field.first + place * field.jump, field.last + place * field.jump)
            assert (reached[:, axis].min(), reached[:, axis].max()) == expected, step.name


def positive(features):
    """`features` as float64 in evaluation mode, all weights above 0, max pooling made average."""
    for module in list(features.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride))
    for weight in features.parameters():
        weight.data = torch.rand_like(weight) / prod(weight.shape[1:]) + 1e-3
    return features.double().eval()


def test_dilation_and_planes_count_too():
    layers = nn.Sequential(
        nn.Conv3d(2, 4, (1, 3, 3), dilation=(1, 2, 2), padding=(0, 2, 2)),
        nn.MaxPool3d((3, 2, 2), stride=(1, 2, 2)),
    )
    first, second = describe(layers, torch.zeros(1, 2, 5, 16, 16)).rows
    assert first.written[3:] == (
        *("1 x 3 x 3, dilated 1 x 2 x 2", "1", "0 x 2 x 2"),
        *("76", f"{76 * 5 * 16 * 16:,}", "1 x 5 x 5", "1", "0"),
    )
    assert second.output == (4, 3, 8, 8)
    assert [field.size for field in second.field] == [3, 6, 6]


@pytest.mark.slow
def test_padding_that_timm_computes_is_read_from_the_shapes():
    from timm.layers import Conv2dSame

    (row,) = describe(nn.Sequential(Conv2dSame(3, 4, 3, stride=2)), black(32)).rows
    assert row.window.padding == (0, 0)  # one row is added, at the far end
    (row,) = describe(nn.Sequential(Conv2dSame(3, 4, 5)), black(32)).rows
    assert row.window.padding == (2, 2)


def test_padding_by_name_is_read_from_the_shapes():
    (row,) = describe(nn.Sequential(nn.Conv2d(3, 4, 5, padding="same")), black(32)).rows
    assert row.window.padding == (2, 2)


def test_what_an_unknown_operation_sees_is_not_told():
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.PixelShuffle(2), nn.ReLU())
    rows = describe(layers, black(8)).rows
    assert [row.field is None for row in rows] == [False, True, True]
    assert rows[-1].written[8:] == ("not known", "", "")
    assert rows[-1].to_json()["receptive_field"] is None


def test_json_holds_no_infinity():
    found = describe(build(FLAT["mlp"], 8).eval(), black(8)).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert {row["receptive_field"] for row in found["layers"] if row["name"].startswith("f")} == {
        "everything"
    }
    (first,) = describe(nn.Sequential(nn.Conv2d(3, 1, 5, 2, 2)), black(8)).to_json()["layers"]
    assert first["receptive_field"] == 2 * [{"size": 5, "jump": 2, "offset": -2, "centre": 0}]
