"""Convolution written out: against torch and scipy, and the lecture's numbers."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import convolve2d, correlate2d
from torch.nn import functional

from laveran.study.convolution.arithmetic import (
    convolve,
    cross_correlate,
    elu,
    filter_maps,
    layer_parameters,
    neuron_parameters,
    output_size,
    pad,
    padding_width,
    pool,
    relu,
)

SCIPYS = {"none": "valid", "same": "same", "full": "full"}
DRAW = np.random.default_rng(3)
PICTURE = DRAW.normal(size=(9, 12))


def tensor(values):
    return torch.from_numpy(np.asarray(values, np.float64))


@pytest.mark.parametrize("padding", SCIPYS)
@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_both_operations_are_scipys(kernel, padding):
    weights, width = DRAW.normal(size=(kernel, kernel)), padding_width(padding, kernel)
    for ours, theirs in ((convolve, convolve2d), (cross_correlate, correlate2d)):
        expected = theirs(PICTURE, weights, SCIPYS[padding])
        np.testing.assert_allclose(ours(PICTURE, weights, padding=width), expected, atol=1e-12)


@given(
    size=st.integers(1, 20), kernel=st.integers(1, 7),
    stride=st.integers(1, 4), padding=st.integers(0, 6),
)  # fmt: skip
def test_the_formula_is_the_size_that_torch_gives(size, kernel, stride, padding):
    if kernel > size + 2 * padding:
        return
    row = torch.zeros(1, 1, size)
    given_ = functional.conv1d(row, torch.zeros(1, 1, kernel), stride=stride, padding=padding)
    assert output_size(size, kernel, stride, padding) == given_.shape[-1]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_a_layer_is_torchs(stride, padding):
    stack, weights = DRAW.normal(size=(3, 9, 12)), DRAW.normal(size=(4, 3, 3, 3))
    bias = DRAW.normal(size=4)
    settings = {"stride": stride, "padding": padding}
    expected = functional.conv2d(tensor(stack)[None], tensor(weights), tensor(bias), **settings)
    np.testing.assert_allclose(filter_maps(stack, weights, bias, **settings), expected[0], 1e-9)


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (2, 1), (3, 3)])
def test_pooling_is_torchs(size, stride):
    batch = tensor(PICTURE)[None, None]
    largest = functional.max_pool2d(batch, size, stride)[0, 0]
    mean = functional.avg_pool2d(batch, size, stride)[0, 0]
    np.testing.assert_allclose(pool(PICTURE, size, stride), largest)
    np.testing.assert_allclose(pool(PICTURE, size, stride, "average"), mean)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 2.0])
def test_activations_are_torchs(alpha):
    np.testing.assert_allclose(elu(PICTURE, alpha), functional.elu(tensor(PICTURE), alpha))
    np.testing.assert_array_equal(relu(PICTURE), functional.relu(tensor(PICTURE)))


def test_full_padding_uses_each_pixel_as_often():
    uses = np.zeros((5, 5))
    for y, x in np.ndindex(5, 5):
        one = np.zeros((5, 5))
        one[y, x] = 1
        uses[y, x] = cross_correlate(one, np.ones((3, 3)), padding=2).sum()
    assert (uses == 9).all()


def test_padding_is_zeros():
    padded = pad(PICTURE, 2)
    assert padded.shape == (13, 16)
    assert padded.sum() == pytest.approx(PICTURE.sum())


def test_the_lectures_example_of_pooling():
    lecture = [[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]
    assert pool(lecture).tolist() == [[6, 8], [3, 4]]


def test_the_lectures_numbers_of_weights():
    assert layer_parameters(filters=16, kernel=3, maps=3) == 448
    assert neuron_parameters(32) == 3_073
    assert neuron_parameters(224) == 150_529  # the slide prints 150129
