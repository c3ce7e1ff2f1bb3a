"""How the units of one layer are made from those before: windows, weights, sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from laveran.errors import ConfigError
from laveran.networks.describe import window
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


def made(step: Step, outputs: Mapping[str, Tensor], places: tuple[int, ...]) -> MapLayer:
    """The layer that one step is.

    Args:
        step: It gives maps [1, C, H, W].
        outputs: What each step gives, by name.
        places: Of the layers that hold what it takes.
    """
    inputs = [outputs[name] for name in step.inputs]
    blank = MapLayer(step.name, "other", (step.operation,), places, numbers(step.output[0]))
    if not all(each.ndim == 4 for each in inputs):
        return blank
    if step.module is not None and len(inputs) == 1:
        shown = replace(blank, window=_edged(step, outputs))
        return _of_module(shown, step.module, inputs[0])
    if step.operation == "mean" and _averages_all(blank, inputs[0]):
        return _average(blank, inputs[0])
    if step.operation == "cat" and sum(each.shape[1] for each in inputs) == len(blank.maps):
        return replace(blank, kind="concatenation")
    by_place = step.operation in (*ARITHMETIC, *ACTIVATIONS)
    return replace(blank, kind="pointwise") if by_place else blank


def _of_module(blank: MapLayer, module: nn.Module, before: Tensor) -> MapLayer:
    """The layer that one module is."""
    if isinstance(module, nn.Conv2d):
        return _convolution(blank, module)
    if isinstance(module, nn.BatchNorm2d):
        return _scaling(blank, module)
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        return _pooling(blank, module)
    if isinstance(module, nn.AdaptiveAvgPool2d) and _averages_all(blank, before):
        return _average(blank, before)
    return replace(blank, kind="pointwise") if _is_activation_module(module) else blank


def _convolution(blank: MapLayer, module: nn.Conv2d) -> MapLayer:
    bias = torch.zeros(module.out_channels) if module.bias is None else module.bias
    return replace(
        blank,
        kind="convolution",
        operations=("Conv2d",),  # also those of timm that find their padding themselves
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


def _pooling(blank: MapLayer, module: nn.MaxPool2d | nn.AvgPool2d) -> MapLayer:
    if isinstance(module, nn.MaxPool2d):
        return replace(blank, kind="maximum")
    uneven = module.ceil_mode or (bool(module.padding) and not module.count_include_pad)
    divided = module.divisor_override is not None
    return blank if uneven or divided else replace(blank, kind="average")


def _averages_all(blank: MapLayer, before: Tensor) -> bool:
    """Whether each map [1, C, H, W] became one unit, as in squeeze and excitation."""
    return blank.maps.shape == (before.shape[1], 1, 1)


def _average(blank: MapLayer, before: Tensor) -> MapLayer:
    """The global average of maps [1, C, H, W]."""
    height, width = before.shape[2:]
    whole = Window((height, width), stride=(height, width))
    return replace(blank, kind="average", window=whole)


def _edged(step: Step, outputs: Mapping[str, Tensor]) -> Window | None:
    """The window of a step, and what stands beyond its edge."""
    found = window(step, dict(outputs))
    if found is None or len(found.kernel) != 2:
        return None
    edge = getattr(step.module, "padding_mode", "zeros")
    kernel, stride, padding, dilation = (_pair(each) for each in vars(found).values())
    return Window(kernel, stride, padding, dilation, edge)


def _pair(values: tuple[int, ...]) -> tuple[int, int]:
    first, second = values
    return first, second


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
