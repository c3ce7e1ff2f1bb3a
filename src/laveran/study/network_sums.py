"""How the units of one layer are made from those before: windows, weights, sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from laveran.errors import ConfigError
from laveran.networks.trace import Step
from laveran.report.network_scene import MapLayer, Window

ARITHMETIC = ("add", "sub", "rsub", "mul")
ACTIVATIONS = (
    *("relu", "sigmoid", "tanh", "silu", "gelu", "elu", "selu", "leaky_relu"),
    *("hardswish", "hardsigmoid"),
)
ACTIVATION_MODULES = ("torch.nn.modules.activation", "timm.layers.activations")
MIXING = ("Softmax", "Softmax2d", "LogSoftmax", "Softmin", "GLU", "MultiheadAttention")


def is_activation(step: Step) -> bool:
    """Whether a step is a function of one unit."""
    if step.module is None:
        return step.operation in ACTIVATIONS
    return _is_activation_module(step.module)


def _is_activation_module(module: nn.Module) -> bool:
    kind = type(module)
    return kind.__module__ in ACTIVATION_MODULES and kind.__name__ not in MIXING


def made(step: Step, inputs: Sequence[Tensor], places: tuple[int, ...]) -> MapLayer:
    """The layer that one step is.

    Args:
        step: It gives maps [1, C, H, W].
        inputs: What it takes.
        places: Of the layers that hold that.
    """
    blank = MapLayer(step.name, "other", (step.operation,), places, numbers(step.output[0]))
    if not all(each.ndim == 4 for each in inputs):
        return blank
    if step.module is not None and len(inputs) == 1:
        return _of_module(blank, step.module, inputs[0])
    if step.operation == "mean" and _averages_all(blank, inputs[0]):
        return _average(blank, inputs[0])
    if step.operation == "cat" and sum(each.shape[1] for each in inputs) == len(blank.maps):
        return replace(blank, kind="concatenation")
    by_place = step.operation in (*ARITHMETIC, *ACTIVATIONS)
    return replace(blank, kind="pointwise") if by_place else blank


def _of_module(blank: MapLayer, module: nn.Module, before: Tensor) -> MapLayer:
    """The layer that one module is."""
    if isinstance(module, nn.Conv2d):
        return _convolution(blank, module, before)
    if isinstance(module, nn.BatchNorm2d):
        return _scaling(blank, module)
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        return _pooling(blank, module, before)
    if isinstance(module, nn.AdaptiveAvgPool2d) and _averages_all(blank, before):
        return _average(blank, before)
    return replace(blank, kind="pointwise") if _is_activation_module(module) else blank


def _convolution(blank: MapLayer, module: nn.Conv2d, before: Tensor) -> MapLayer:
    bias = torch.zeros(module.out_channels) if module.bias is None else module.bias
    return replace(
        blank,
        kind="convolution",
        operations=("Conv2d",),  # also those of timm that find their padding themselves
        window=_window(module, before, blank.maps.shape[1:]),
        weights=numbers(module.weight),
        bias=numbers(bias),
    )


def _scaling(blank: MapLayer, module: nn.BatchNorm2d) -> MapLayer:
    """A batch norm without a convolution before it: each map times a weight, plus a bias."""
    alone = torch.ones(len(blank.maps), 1, 1, 1)
    weights, bias = folded(alone, torch.zeros(len(blank.maps)), module)
    return replace(
        blank,
        kind="convolution",
        operations=("BatchNorm2d",),
        window=Window((1, 1)),
        weights=weights,
        bias=bias,
    )


def _pooling(blank: MapLayer, module: nn.MaxPool2d | nn.AvgPool2d, before: Tensor) -> MapLayer:
    window = _window(module, before, blank.maps.shape[1:])
    if isinstance(module, nn.MaxPool2d):
        return replace(blank, kind="maximum", window=window)
    uneven = module.ceil_mode or (any(window.padding) and not module.count_include_pad)
    divided = module.divisor_override is not None
    return blank if uneven or divided else replace(blank, kind="average", window=window)


def _averages_all(blank: MapLayer, before: Tensor) -> bool:
    """Whether each map [1, C, H, W] became one unit, as in squeeze and excitation."""
    return blank.maps.shape == (before.shape[1], 1, 1)


def _average(blank: MapLayer, before: Tensor) -> MapLayer:
    """The global average of maps [1, C, H, W]."""
    height, width = before.shape[2:]
    whole = Window((height, width), stride=(height, width))
    return replace(blank, kind="average", window=whole)


def _window(
    module: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d, before: Tensor, out: tuple[int, ...]
) -> Window:
    """The window of a layer on maps [1, C, H, W] that gives maps of `out`."""
    kernel, stride = _pair(module.kernel_size), _pair(module.stride)
    dilation = _pair(getattr(module, "dilation", 1))
    given = (0, 0) if isinstance(module.padding, str) else _pair(module.padding)
    padding = [
        given[axis]
        if getattr(module, "ceil_mode", False)
        else _padding(
            given[axis],
            kernel[axis],
            stride[axis],
            dilation[axis],
            before.shape[2 + axis],
            out[axis],
        )
        for axis in (0, 1)
    ]
    edge = getattr(module, "padding_mode", "zeros")
    return Window(kernel, stride, (padding[0], padding[1]), dilation, edge)


def _padding(given: int, kernel: int, stride: int, dilation: int, size: int, out: int) -> int:
    """Units before the first one; layers with the padding "same" find them from the size.

    Example:
        >>> _padding(1, kernel=3, stride=2, dilation=1, size=8, out=4)
        1
        >>> _padding(0, kernel=3, stride=2, dilation=1, size=8, out=4)  # TensorFlow's "same"
        0
        >>> _padding(0, kernel=5, stride=1, dilation=1, size=8, out=8)
        2
    """
    reach = dilation * (kernel - 1) + 1
    if (size + 2 * given - reach) // stride + 1 == out:
        return given
    return max((out - 1) * stride + reach - size, 0) // 2


def _pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])


def folded(
    weights: Tensor, bias: Tensor, norm: nn.BatchNorm2d
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weights and bias that do what the batch norm does after them when the network predicts."""
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise ConfigError("a batch norm without running statistics cannot be folded")
    fused = fuse_conv_bn_weights(weights, bias, mean, variance, norm.eps, norm.weight, norm.bias)
    return numbers(fused[0]), numbers(fused[1])


def numbers(values: Tensor) -> NDArray[np.float32]:
    """A tensor as an array, off its device and graph."""
    return values.detach().float().cpu().numpy()
