"""Kernels: what they find, and that learned ones are those of the network."""

import numpy as np
import pytest
import torch

from laveran.cells.crop import letterbox
from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.errors import ModelError
from laveran.networks.backbone import BackboneSpec
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build
from laveran.networks.stack import plain
from laveran.study.convolution.arithmetic import filter_maps
from laveran.study.convolution.kernels import (
    KERNELS,
    chromatin_filter,
    learned_filters,
    named_filters,
)
from laveran.study.subject import find_subject


def mapped(filters, cell, padding):
    weights, bias = np.stack([each.weights for each in filters]), [each.bias for each in filters]
    return filter_maps(cell.transpose(2, 0, 1), weights, bias, filters[0].stride, padding)


def test_a_flat_picture_has_no_edges():
    sums = {name: kernel.sum() for name, kernel in KERNELS.items()}
    assert {name for name, total in sums.items() if total == 0} == {
        *("edges", "Sobel, left to right", "Sobel, top to bottom"),
    }
    assert {round(sums[name], 9) for name in ("identity", "blur", "sharpen", "emboss")} == {1}


def test_every_named_filter_sees_three_channels():
    assert {each.weights.shape[0] for each in named_filters()} == {3}
    assert [each.name for each in named_filters()] == [*KERNELS, "purple chromatin"]


def test_the_chromatin_filter_peaks_on_the_parasite():
    rng = np.random.default_rng(5)
    found = []
    for number in range(40):
        stage = ("ring", "trophozoite", "schizont", "gametocyte")[number % 4]
        drawn = draw_cell(rng, draw_patient(rng), stage)
        mask = np.repeat(drawn.parasite_mask[..., None] * np.uint8(255), 3, axis=2)
        (response,) = mapped([chromatin_filter()], letterbox(drawn.image, 64), padding=2)
        peak = np.unravel_index(response.argmax(), response.shape)
        found.append(letterbox(mask, 64)[..., 0][peak] > 0)
    assert np.mean(found) > 0.9


@pytest.mark.parametrize("batch_norm", [True, False])
def test_learned_filters_give_the_maps_of_the_networks_first_layer(batch_norm):
    network = build(plain((4, 8), batch_norm=batch_norm), 32)
    network.train()(torch.rand(16, 3, 32, 32) * 255)  # statistics that are not the first
    network.eval()
    cell = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    first = network.features[0][:2] if batch_norm else network.features[0][0]
    with torch.no_grad():
        expected = first(torch.from_numpy(cell).movedim(-1, 0)[None] / network.std)[0]
    np.testing.assert_allclose(mapped(learned_filters(network), cell, 2), expected, atol=1e-4)


def a_backbone():
    """One with statistics that are not the first."""
    network = build(BackboneSpec(name="tf_efficientnet_lite0", stages=1), 32)
    network.train()(torch.rand(16, 3, 32, 32) * 255)
    return network.eval()


@pytest.mark.parametrize("network_of", [a_backbone, lambda: find_subject().network])
def test_learned_filters_of_a_backbone_give_its_maps_but_for_the_border(network_of):
    network = network_of()
    cell = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    inner = network.features.inner
    with torch.no_grad():
        pictures = (torch.from_numpy(cell).movedim(-1, 0)[None] - network.mean) / network.std
        expected = inner.bn1(inner.conv_stem(pictures))[0]
    found = mapped(learned_filters(network), cell[1:, 1:], 1)  # its first window starts at 0
    found = np.clip(found, 0, 6)  # batch norm and ReLU6 are one layer there
    np.testing.assert_allclose(found[:, 1:15, 1:15], expected[:, 1:15, 1:15], atol=1e-3)


def test_a_network_without_a_first_convolution_is_refused():
    with pytest.raises(ModelError, match="convolution of red, green and blue"):
        learned_filters(build(MlpSpec(hidden=(4,)), 8))
