"""A network and what it made of one cell, layer by layer, as the page of the network takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from laveran.metrics import calibrated
from laveran.report.packing import pack_bytes, pack_halves, pack_rows

Maps = NDArray[np.float32]  # [C, H, W]
Kind = Literal[
    "cell", "convolution", "maximum", "average", "pointwise", "concatenation", "other"
]  # fmt: skip

TIMES = " \N{MULTIPLICATION SIGN} "
HALF_PRECISION_UP_TO = 2_000_000  # weights; above, a page would be too heavy to mail
NOUNS = {
    "Conv2d": "convolution",
    "BatchNorm2d": "batch norm",
    "add": "sum",
    "mul": "product",
    "sub": "difference",
    "rsub": "difference",
    "cat": "concatenation",
    "mean": "average",
    "MaxPool2d": "maximum",
    "AvgPool2d": "average",
    "Sigmoid": "sigmoid",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "ReLU",
}


@dataclass(frozen=True)
class Window:
    """Which units of the maps before it one unit of a layer takes, along rows and columns.

    Attributes:
        kernel: Units side by side.
        stride: Units from one window to the next.
        padding: Units before the first one.
        dilation: Distance between the units that are taken.
        edge: What stands in the padding: "zeros", "reflect", "replicate" or "circular".
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    edge: str = "zeros"


@dataclass(frozen=True)
class MapLayer:
    """A stack of maps, and from what each of its units is computed.

    Attributes:
        name: Path of its first step in the network.
        kind: How a unit is made. "convolution": the weighted sum of a window, plus bias;
            "maximum" and "average": of a window of the same map; "pointwise": of the units at the
            same place of all inputs; "concatenation": a copy; "other": of whole maps.
        operations: The steps that were joined, such as ("Conv2d", "BatchNorm2d", "ReLU").
        inputs: Places of the layers that it takes, in the list of layers.
        maps: What it hands on, float32 [C, H, W].
        before: The same before its activation; None without one.
        activation: Name of the activation.
        window: Of a convolution or a pooling.
        weights: Of a convolution, its batch norm folded in, float32 [C, inputs / groups, h, w].
        bias: Likewise, float32 [C].
    """

    name: str
    kind: Kind
    operations: tuple[str, ...]
    inputs: tuple[int, ...]
    maps: Maps
    before: Maps | None = None
    activation: str | None = None
    window: Window | None = None
    weights: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None

    @cached_property
    def title(self) -> str:
        """What it does, in words.

        Example:
            >>> window = Window((3, 3), stride=(2, 2))
            >>> maps = np.zeros((4, 8, 8), np.float32)
            >>> MapLayer("0", "maximum", ("MaxPool2d",), (0,), maps, window=window).title
            '3 x 3 maximum, stride 2'
        """
        first, *others = (NOUNS.get(each, each) for each in self.operations)
        return ", ".join(filter(None, [self._size + first, self._stride, *others]))

    @cached_property
    def short(self) -> str:
        """The same as short as can be, to stand below its maps."""
        return self._size + NOUNS.get(self.operations[0], self.operations[0])

    @property
    def _size(self) -> str:
        """The window, as it stands before a noun."""
        if self.window is None or not self.operations[0].startswith(
            ("Conv2d", "MaxPool", "AvgPool")
        ):
            return ""
        height, width = self.window.kernel
        return f"{height} x {width} "

    @property
    def _stride(self) -> str:
        if self.window is None or not self._size or set(self.window.stride) == {1}:
            return ""
        return f"stride {self.window.stride[0]}"


@dataclass(frozen=True)
class NetworkScene:
    """A network and one cell in it.

    Attributes:
        cell: What the cell is called.
        network: What the network is called.
        picture: The input cell as the network gets it, RGB uint8 [S, S, 3].
        layers: From the cell to the answer and the evidence, each after those that it takes.
        logit: Log odds that the cell is parasitized, calibrated.
        drawn: Whether a program drew the cell.
    """

    cell: str
    network: str
    picture: NDArray[np.uint8]
    layers: Sequence[MapLayer]
    logit: float
    drawn: bool = False

    @property
    def probability(self) -> float:
        """That the cell is parasitized."""
        return float(calibrated(np.array(self.logit)))

    @property
    def n_weights(self) -> int:
        """Weights and biases, as folded."""
        return sum(
            part.size
            for layer in self.layers
            for part in (layer.weights, layer.bias)
            if part is not None
        )

    @property
    def half_precision(self) -> bool:
        """Whether the page holds weights in 16 bits; larger networks come in 8."""
        return self.n_weights <= HALF_PRECISION_UP_TO

    def to_json(self) -> dict[str, Any]:
        """All numbers, packed, for the page's script."""
        return {
            "size": len(self.picture),
            "picture": pack_bytes(self.picture),
            "layers": [self._layer(layer) for layer in self.layers],
        }

    def _layer(self, layer: MapLayer) -> dict[str, Any]:
        pack = pack_halves if self.half_precision else pack_rows
        window = layer.window
        return {
            "name": layer.name,
            "title": layer.title.replace(" x ", TIMES),
            "short": layer.short.replace(" x ", TIMES),
            "kind": layer.kind,
            "operation": NOUNS.get(layer.operations[0], layer.operations[0]),
            "inputs": layer.inputs,
            "shape": layer.maps.shape,
            "maps": pack_halves(layer.maps),
            "before": None if layer.before is None else pack_halves(layer.before),
            "activation": layer.activation and NOUNS.get(layer.activation, layer.activation),
            "window": None if window is None else vars(window),
            "fan": None if layer.weights is None else layer.weights.shape[1],
            "weights": None if layer.weights is None else pack(layer.weights),
            "bias": None if layer.bias is None else pack_halves(layer.bias),
        }
