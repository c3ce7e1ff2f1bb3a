from math import ceil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from laveran.networks.layers import (
    ACTIVATIONS,
    Block,
    Conv,
    Pool,
    ResidualBlock,
    Style,
    conv_layer,
    convolution,
    pool_layer,
)

BARE = Style(batch_norm=False)
LECTURE = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
NUMPY_EDGES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def maps(values):
    return torch.tensor(values, dtype=torch.float32).reshape(1, 1, len(values), -1)


def slid(picture, kernel, stride):
    """Plain cross-correlation [h, w] of `picture` with `kernel`, window by window."""
    side = len(kernel)
    places = range(0, len(picture) - side + 1, stride)
    return np.array(
        [[(picture[y : y + side, x : x + side] * kernel).sum() for x in places] for y in places]
    )


@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4))
def test_output_sizes_follow_the_padding(size, kernel, stride):
    def side(padding):
        layer = Conv(filters=1, kernel=kernel, stride=stride, padding=padding)
        return conv_layer(layer, 1, BARE)(torch.zeros(1, 1, size, size)).shape[-1]

    assert side("full") == (size + kernel - 2) // stride + 1
    if kernel % 2:
        assert side("same") == ceil(size / stride)
    if kernel <= size:
        assert side("none") == (size - kernel) // stride + 1


@pytest.mark.parametrize("edge", NUMPY_EDGES)
@pytest.mark.parametrize(("padding", "width"), [("none", 0), ("same", 1), ("full", 2)])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolution_is_what_numpy_makes_of_it(edge, padding, width, stride):
    layer = Conv(filters=1, kernel=3, stride=stride, padding=padding, edge=edge)
    module = convolution(layer, 1, stride, padding)
    rng = np.random.default_rng(0)
    picture, kernel = rng.normal(size=(6, 6)), rng.normal(size=(3, 3))
    with torch.no_grad():
        module.weight.copy_(maps(kernel))
        module.bias.fill_(0.5)
        found = module(maps(picture))[0, 0].numpy()
    expected = slid(np.pad(picture, width, mode=NUMPY_EDGES[edge]), kernel, stride) + 0.5
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_max_pooling_of_the_lectures_example():
    assert pool_layer(Pool())(maps(LECTURE))[0, 0].tolist() == [[6, 8], [3, 4]]


def test_average_pooling_of_the_lectures_example():
    pooled = pool_layer(Pool(mode="average"))(maps(LECTURE))
    assert pooled[0, 0].tolist() == [[3.25, 5.25], [2, 2]]


def test_pooling_windows_may_overlap():
    pooled = pool_layer(Pool(size=3, stride=1))(maps(LECTURE))
    assert pooled[0, 0].tolist() == [[7, 8], [7, 8]]


def test_pooling_drops_what_fills_no_window():
    assert pool_layer(Pool(size=2, stride=3))(torch.zeros(1, 1, 7, 7)).shape[-2:] == (2, 2)


X = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772  # Klambauer et al. 2017, arXiv:1706.02515
ERF = np.array([-0.9544997361, -0.3829249225, 0.0, 0.3829249225, 0.9544997361])  # of x / sqrt 2
EXPECTED = {
    "relu": np.maximum(X, 0),
    "leaky_relu": np.where(X > 0, X, 0.01 * X),
    "elu": np.where(X > 0, X, np.expm1(X)),
    "selu": SCALE * np.where(X > 0, X, ALPHA * np.expm1(X)),
    "gelu": X * (1 + ERF) / 2,
    "silu": X / (1 + np.exp(-X)),
    "tanh": np.tanh(X),
    "sigmoid": 1 / (1 + np.exp(-X)),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    found = ACTIVATIONS[name]()(torch.tensor(X)).numpy()
    np.testing.assert_allclose(found, EXPECTED[name], atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_layer_ends_in_the_activation_that_the_style_names(name):
    layer = conv_layer(Conv(filters=1, kernel=1), 1, Style(activation=name, batch_norm=False))
    with torch.no_grad():
        layer[0].weight.fill_(1)
        layer[0].bias.zero_()
        found = layer(torch.tensor(X, dtype=torch.float32).view(5, 1, 1, 1)).flatten().numpy()
    np.testing.assert_allclose(found, EXPECTED[name], atol=1e-6)


def kinds(module):
    return {type(part) for part in module.modules()}


def count(module):
    return sum(weight.numel() for weight in module.parameters())


def test_sixteen_filters_of_3_x_3_on_rgb_have_448_parameters():
    assert count(conv_layer(Conv(filters=16), 3, BARE)) == 16 * (3 * 3 * 3 + 1) == 448


def test_batch_norm_takes_the_place_of_the_bias():
    layer = conv_layer(Conv(filters=16), 3, Style())
    assert nn.BatchNorm2d in kinds(layer)
    assert layer[0].bias is None
    assert count(layer) == 16 * 27 + 2 * 16


def test_without_batch_norm_there_is_none():
    assert nn.BatchNorm2d not in kinds(conv_layer(Conv(filters=2), 3, BARE))
    assert nn.BatchNorm2d not in kinds(ResidualBlock(Block(filters=2), 3, BARE))


def test_dropout_is_there_only_when_asked_for():
    assert nn.Dropout2d not in kinds(conv_layer(Conv(filters=2), 3, BARE))
    asked = conv_layer(Conv(filters=2), 3, Style(dropout=0.4))
    assert [part.p for part in asked if isinstance(part, nn.Dropout2d)] == [0.4]


def conv_with_dropout():
    return conv_layer(Conv(filters=200), 1, Style(activation="sigmoid", dropout=0.5))


def block_with_dropout():
    return ResidualBlock(Block(filters=200), 1, Style(activation="sigmoid", dropout=0.5))


@pytest.mark.parametrize("make", [conv_with_dropout, block_with_dropout])
def test_dropout_takes_whole_maps_and_only_in_training(make):
    torch.manual_seed(0)
    layer, cells = make(), torch.rand(1, 1, 6, 6)
    dropped = layer.train()(cells)[0].eq(0).flatten(1)  # a sigmoid is never 0 by itself
    assert 60 < dropped.all(1).sum() < 140
    assert torch.equal(dropped.all(1), dropped.any(1))
    assert not layer.eval()(cells).eq(0).any()


@pytest.mark.parametrize(("inputs", "stride"), [(4, 1), (3, 1), (4, 2), (3, 3)])
def test_a_block_adds_its_residual_to_the_shortcut(inputs, stride):
    block = ResidualBlock(Block(filters=4, stride=stride), inputs, Style()).eval()
    assert isinstance(block.shortcut, nn.Identity) == ((inputs, stride) == (4, 1))
    cells = torch.randn(2, inputs, 7, 7)
    found = block(cells)
    assert found.shape == (2, 4, ceil(7 / stride), ceil(7 / stride))
    assert torch.equal(found, torch.relu(block.shortcut(cells) + block.residual(cells)))


def test_an_idle_block_is_its_activation():
    block = ResidualBlock(Block(filters=3), 3, BARE)
    for weight in block.residual.parameters():
        weight.data.zero_()
    cells = torch.randn(2, 3, 5, 5)
    assert torch.equal(block(cells), torch.relu(cells))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: Conv(filters=4, kernels=3), "Extra inputs"),
        (lambda: Pool(filters=4), "Extra inputs"),
        (lambda: Block(filters=4, padding="same"), "Extra inputs"),
        (lambda: Style(batchnorm=True), "Extra inputs"),
        (lambda: Conv(filters=0), "greater than or equal to 1"),
        (lambda: Conv(filters=4, stride=0), "greater than or equal to 1"),
        (lambda: Conv(filters=4, padding="valid"), "'none', 'same' or 'full'"),
        (lambda: Conv(filters=4, edge="mirror"), "'zeros', 'reflect'"),
        (lambda: Conv(filters=4, kernel=4), "needs an odd kernel"),
        (lambda: Block(filters=4, kernel=2), "needs an odd kernel"),
        (lambda: Pool(mode="median"), "'max' or 'average'"),
        (lambda: Style(activation="softmax"), "'relu'"),
        (lambda: Style(dropout=1.0), "less than 1"),
    ],
)
def test_what_cannot_work_is_refused(make, reason):
    with pytest.raises(ValidationError, match=reason):
        make()


def test_an_even_kernel_is_welcome_without_padding():
    layer = conv_layer(Conv(filters=1, kernel=4, padding="none"), 1, BARE)
    assert layer(torch.zeros(1, 1, 8, 8)).shape[-1] == 5
