"""Receptive fields by gradients: against what theory says of simple networks."""

import numpy as np
import pytest
import torch
from torch import nn

from laveran.networks.backbone import BackboneSpec
from laveran.networks.dense import dense
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build
from laveran.networks.receptive_field import SHARE, measure_fields
from laveran.networks.stack import residual


def blurs(depth, size=3):
    layers = nn.Sequential(*(nn.Conv2d(1, 1, size, bias=False) for _ in range(depth)))
    for layer in layers:
        nn.init.ones_(layer.weight)
    return layers


def test_equal_weights_give_the_binomial_of_luo_et_al():
    depth = 12
    found = measure_fields(blurs(depth), torch.zeros(1, 1, 41, 41))
    ways = np.array([1.0])
    for number, stage in enumerate(found, start=1):
        ways = np.convolve(ways, np.ones(3) / 3)
        expected = np.outer(ways, ways)
        middle = 20 + np.arange(-number, number + 1)
        shown = stage.mass[np.ix_(middle, middle)]
        np.testing.assert_allclose(shown, expected, rtol=1e-5)
        assert stage.rows.size == 2 * number + 1
        inside = [expected[m : len(ways) - m, m : len(ways) - m].sum() for m in range(number + 1)]
        margin = max(m for m, mass in enumerate(inside) if mass >= SHARE or m == 0)
        assert stage.size_px == 2 * number + 1 - 2 * margin
    assert found[-1].size_px < found[-1].rows.size  # it grows as the square root of depth only


@pytest.mark.parametrize("spec", [residual((4, 8, 8)), dense((2, 2), growth=3, filters=6)])
def test_nothing_is_seen_outside_of_the_theoretical_field(spec):
    torch.manual_seed(0)
    cells = torch.rand(4, 3, 64, 64) * 255
    stages = measure_fields(build(spec, 64).eval(), cells)
    assert [stage.rows.size for stage in stages] == sorted({s.rows.size for s in stages})
    for stage in stages:
        assert stage.mass.sum() == pytest.approx(1)
        assert 1 < stage.size_px <= stage.rows.size
        inside = np.zeros((64, 64), bool)
        rows, columns = (
            slice(max(int(seen.first), 0), int(seen.last) + 1)
            for seen in (stage.rows, stage.columns)
        )
        inside[rows, columns] = True
        assert not stage.mass[~inside].any()


def test_stages_end_where_blocks_end():
    stages = measure_fields(build(residual((4, 8)), 32).eval(), torch.rand(1, 3, 32, 32) * 255)
    assert [stage.name for stage in stages] == ["features.0", "features.1", "features.2"]


def test_each_stage_of_a_backbone_has_the_name_of_the_block_that_first_sees_as_much():
    spec = BackboneSpec(name="tf_efficientnet_lite0", stages=3, stride_px=8)
    stages = measure_fields(build(spec, 32).eval(), torch.rand(1, 3, 32, 32) * 255)
    assert [stage.name.removeprefix("features.inner") for stage in stages] == [
        *("", ".blocks.0.0", ".blocks.1.0", ".blocks.1.1", ".blocks.2.0", ".blocks.2.1")
    ]


def test_a_network_without_maps_has_no_stages():
    network = build(MlpSpec(hidden=(4,)), 8).eval()
    assert measure_fields(network, torch.rand(2, 3, 8, 8)) == []


def test_the_cells_are_left_as_they_are():
    cells = torch.zeros(1, 1, 9, 9)
    measure_fields(blurs(2), cells)
    assert not cells.requires_grad
