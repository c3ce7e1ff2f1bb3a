"""From the steps of a network to the layers that are shown: what can be told in one sum is one.

A convolution, its batch norm and its activation are three steps but one layer: with the batch norm
folded into the weights (Jacob et al. 2018, arXiv:1712.05877, eq. 14), the products of weights and
units add up to what the activation gets.
"""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from laveran.errors import ConfigError
from laveran.metrics import calibrated
from laveran.networks.network import Network
from laveran.networks.trace import Step, trace
from laveran.report.network_scene import MapLayer, Window
from laveran.study.space.sums import folded, is_activation, made, numbers


@torch.no_grad()
def map_layers(network: Network, cell: Tensor, temperature: float = 1.0) -> list[MapLayer]:
    """The layers of `network`, with what they make of one cell.

    After the network's own layers come the global average, the answer (its activation is the
    sigmoid that makes a probability of the logit) and, as the last, the evidence map.

    Args:
        network: In evaluation mode; it is left as it is.
        cell: float [1, 3, S, S] in 0..255.
        temperature: What the logit is divided by.

    Returns:
        The cell first, as the network sees it: normalised.

    Raises:
        ConfigError: If the network has no maps of two dimensions.

    Example:
        >>> from laveran.networks.network import build
        >>> from laveran.networks.stack import plain
        >>> network = build(plain((4, 8), per_stage=1), size_px=16).eval()
        >>> for layer in map_layers(network, torch.zeros(1, 3, 16, 16)):
        ...     print(layer.title, layer.maps.shape)
        cell (3, 16, 16)
        5 x 5 convolution, stride 2, batch norm, ReLU (4, 8, 8)
        2 x 2 maximum, stride 2 (4, 4, 4)
        3 x 3 convolution, batch norm, ReLU (8, 4, 4)
        average (8, 1, 1)
        answer, sigmoid (1, 1, 1)
        evidence (1, 4, 4)
    """
    features = deepcopy(network.features)
    for module in features.modules():
        if getattr(module, "inplace", False):  # it would write over what its input was
            module.inplace = False  # type: ignore[assignment]
    entering = (cell - network.mean) / network.std
    steps = trace(features, entering)
    if steps[-1].output.ndim != 4:
        raise ConfigError("only networks of two-dimensional maps can be shown in space")
    shown = _Layers(entering, _apart(steps, entering))
    (last,) = shown.made_by[steps[-1].name]
    return [*shown.layers, *_end(network, shown.layers, last, temperature)]


class _Layers:
    """Joins steps to layers.

    Attributes:
        layers: In the order in which they run.
        made_by: For each step the places of the layers that hold its output; several for one
            whose output is no stack of maps.
    """

    def __init__(self, entering: Tensor, steps: list[Step]) -> None:
        self.layers = [MapLayer("cell", "cell", ("cell",), (), numbers(entering[0]))]
        self.made_by: dict[str, tuple[int, ...]] = {"": (0,)}
        self._outputs = {"": entering} | {step.name: step.output for step in steps}
        self._uses = Counter(name for step in steps for name in step.inputs)
        for step in steps:
            self._add(step)

    def _add(self, step: Step) -> None:
        """Join `step` to the layer that it continues, or begin a new one."""
        sources = tuple(dict.fromkeys(at for name in step.inputs for at in self.made_by[name]))
        self.made_by[step.name] = sources
        if step.output.ndim != 4 or _is_idle(step):
            return
        joined = self._joined(step, sources)
        if joined is not None:
            self.layers[sources[0]] = joined
            return
        self.layers.append(made(step, self._outputs, sources))
        self.made_by[step.name] = (len(self.layers) - 1,)

    def _joined(self, step: Step, sources: tuple[int, ...]) -> MapLayer | None:
        """The layer before, continued by `step`; None if `step` begins a layer."""
        if len(sources) != 1 or self._uses[step.inputs[0]] != 1:
            return None
        layer = self.layers[sources[0]]
        if layer.kind == "cell" or layer.activation is not None:
            return None
        if isinstance(step.module, nn.BatchNorm2d):
            return _normalised(layer, step, step.module)
        return _activated(layer, step) if is_activation(step) else None


def _apart(steps: list[Step], entering: Tensor) -> list[Step]:
    """The steps, timm's batch norms and the activations within them one by one."""
    outputs = {"": entering} | {step.name: step.output for step in steps}
    found = []
    for step in steps:
        norm, inner = step.module, getattr(step.module, "act", nn.Identity())
        if isinstance(norm, nn.BatchNorm2d) and not isinstance(inner, nn.Identity):
            first = f"{step.name}.norm"
            normed = nn.BatchNorm2d.forward(norm, outputs[step.inputs[0]])
            found.append(Step(first, "BatchNorm2d", norm, step.inputs, normed))
            found.append(Step(step.name, type(inner).__name__, inner, (first,), step.output))
        else:
            found.append(step)
    return found


def _is_idle(step: Step) -> bool:
    """Whether a step hands on what it gets when the network predicts."""
    return isinstance(step.module, nn.Dropout | nn.Dropout2d) or step.operation == "DropPath"


def _normalised(layer: MapLayer, step: Step, norm: nn.BatchNorm2d) -> MapLayer | None:
    """A convolution with its batch norm folded in; None if `layer` is none, or has one."""
    if layer.weights is None or layer.bias is None or "BatchNorm2d" in layer.operations:
        return None
    weights, bias = folded(torch.from_numpy(layer.weights), torch.from_numpy(layer.bias), norm)
    return replace(
        layer,
        operations=(*layer.operations, "BatchNorm2d"),
        maps=numbers(step.output[0]),
        weights=weights,
        bias=bias,
    )


def _activated(layer: MapLayer, step: Step) -> MapLayer:
    """`layer` with the activation `step` at its end."""
    return replace(
        layer,
        operations=(*layer.operations, step.operation),
        maps=numbers(step.output[0]),
        before=layer.maps,
        activation=step.operation,
    )


def _end(network: Network, layers: list[MapLayer], last: int, temperature: float) -> list[MapLayer]:
    """What follows the last maps, at the place `last`: their average, the answer, the evidence map.

    The head is linear, so it may come before the average or after (Zhou et al. 2016,
    arXiv:1512.04150, eq. 2): of each unit it makes evidence, of the average the logit.
    """
    weights = numbers(network.head.weight / temperature)[:, :, None, None]  # [1, D, 1, 1]
    bias = numbers(network.head.bias / temperature)
    maps = layers[last].maps
    means = maps.mean((1, 2), keepdims=True)
    whole = Window(maps.shape[1:], stride=maps.shape[1:])
    logit = np.einsum("oc,chw->ohw", weights[:, :, 0, 0], means) + bias[:, None, None]
    evidence = np.einsum("oc,chw->ohw", weights[:, :, 0, 0], maps)
    average = MapLayer("average", "average", ("mean",), (last,), means, window=whole)
    answer = MapLayer(
        "answer",
        "convolution",
        ("answer", "Sigmoid"),
        (len(layers),),
        calibrated(logit).astype(np.float32),
        before=logit,
        activation="Sigmoid",
        window=Window((1, 1)),
        weights=weights,
        bias=bias,
    )
    shown = MapLayer(
        "evidence",
        "convolution",
        ("evidence",),
        (last,),
        evidence,
        window=Window((1, 1)),
        weights=weights,
        bias=np.zeros(1, np.float32),
    )
    return [average, answer, shown]
