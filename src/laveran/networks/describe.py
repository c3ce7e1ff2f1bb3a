"""What a network is made of: shapes, windows, parameters, multiply-adds and receptive fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from laveran.networks.field import EVERYTHING, Field, Fields, union
from laveran.networks.layers import ACTIVATIONS
from laveran.networks.trace import Step, trace

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
WINDOWS = (
    *CONVOLUTIONS,
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d),
    *(nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
)
POINTWISE_LAYERS = (
    *ACTIVATIONS.values(),
    *(nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.Identity),
    *(nn.Dropout, nn.Dropout2d, nn.Dropout3d),
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d),
)
POINTWISE_FUNCTIONS = frozenset(
    [
        *("add", "iadd", "sub", "isub", "rsub", "mul", "imul", "truediv", "neg", "cat"),
        *("relu", "sigmoid", "tanh", "silu", "gelu"),
    ]
)


HEADER = (
    *("layer", "operation", "output", "kernel", "stride", "padding"),
    *("parameters", "multiply-adds", "field", "jump", "centre"),
)


@dataclass(frozen=True)
class Window:
    """What a convolution or a pooling looks at, a number an axis.

    Attributes:
        kernel: Units side by side.
        stride: Units from one window to the next.
        padding: Units added before the first.
        dilation: Distance between the units that are joined.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    def through(self, seen: Fields) -> Fields:
        """What units see through the window, where its own input sees `seen`."""
        axes = zip(seen, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple(each.window(*settings) for each, *settings in axes)


@dataclass(frozen=True)
class Row:
    """One operation of a network.

    Attributes:
        name: The layer's path, or what torch.fx calls a function.
        operation: The layer's class or the function's name.
        output: Shape of what one cell gives: maps, height, width; or a vector's length.
        window: Of a convolution or pooling.
        parameters: Weights and biases that training may change.
        multiply_adds: For one cell: each weight and each bias of a convolution or a fully
            connected layer counts once a unit. Batch norm counts none: in prediction it is
            part of the weights before it.
        field: What the units see of the input, an axis each; None where this is not known (an
            operation that is neither window nor pointwise).
    """

    name: str
    operation: str
    output: tuple[int, ...]
    window: Window | None
    parameters: int
    multiply_adds: int
    field: Fields | None

    @property
    def written(self) -> tuple[str, ...]:
        """The row for people, under `HEADER`; dilation stands beside the kernel."""
        looks = ("", "", "")
        if self.window:
            dilated = max(self.window.dilation) > 1
            apart = f", dilated {_times(self.window.dilation)}" if dilated else ""
            stride, padding = _times(self.window.stride), _times(self.window.padding)
            looks = (_times(self.window.kernel) + apart, stride, padding)
        return (
            self.name,
            self.operation,
            " x ".join(map(str, self.output)) or "1",
            *looks,
            f"{self.parameters:,}" if self.parameters else "",
            f"{self.multiply_adds:,}" if self.multiply_adds else "",
            *_seen(self.field),
        )

    def to_json(self) -> dict[str, Any]:
        """The row for machines; `receptive_field` is null where it is not known."""
        window = self.window
        return {
            "name": self.name,
            "operation": self.operation,
            "output": list(self.output),
            "kernel": list(window.kernel) if window else None,
            "stride": list(window.stride) if window else None,
            "padding": list(window.padding) if window else None,
            "dilation": list(window.dilation) if window else None,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "receptive_field": self.field and _field_json(self.field),
        }


@dataclass(frozen=True)
class Description:
    """A network, row by row.

    Attributes:
        input: Shape of one cell: channels, height, width.
        rows: The operations in the order in which they run.
        parameters: Of the whole network; a layer that runs twice counts once.
    """

    input: tuple[int, ...]
    rows: Sequence[Row] = field(repr=False)
    parameters: int

    @property
    def multiply_adds(self) -> int:
        """Of one cell's way through the network."""
        return sum(row.multiply_adds for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """The description for machines."""
        return {
            "input": list(self.input),
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
            "layers": [row.to_json() for row in self.rows],
        }


def describe(network: nn.Module, cells: Tensor) -> Description:
    """Describe what `network` does with `cells`.

    Args:
        network: In evaluation mode.
        cells: What it takes, float [N, C, ...]; one cell of zeros is enough.

    Raises:
        ConfigError: If the operations cannot be listed, or maps are joined that do not stand on
            one grid.

    Example:
        >>> first = nn.Sequential(nn.Conv2d(3, 16, 3))  # 16 filters of 3 x 3 on RGB
        >>> (row,) = describe(first, torch.zeros(1, 3, 32, 32)).rows
        >>> row.output, row.parameters, row.multiply_adds == 448 * 30 * 30
        ((16, 30, 30), 448, True)
        >>> row.field[0]
        Field(first=0, last=2, jump=1)
    """
    work: dict[str, int] = {}
    with torch.no_grad(), _counting(network, work):
        steps = trace(network, cells)
    inputs = {"": cells} | {step.name: step.output for step in steps}
    seen = fields(steps, cells)
    rows = [
        Row(
            step.name,
            step.operation,
            tuple(step.output.shape[1:]),
            window(step, inputs),
            _parameters(step.module) if step.module else 0,
            sum(n for name, n in work.items() if f"{name}.".startswith(f"{step.name}.")),
            seen[step.name],
        )
        for step in steps
    ]
    return Description(tuple(cells.shape[1:]), rows, _parameters(network))


def fields(steps: Sequence[Step], cells: Tensor) -> dict[str, Fields | None]:
    """What the units of each step see of `cells`, by the step's name; None where not known."""
    axes = cells.ndim - 2
    outputs = {"": cells} | {step.name: step.output for step in steps}
    seen: dict[str, Fields | None] = {"": (Field(),) * axes}
    for step in steps:
        if step.output.ndim <= 2:  # a vector: a global average, or fully connected
            seen[step.name] = (EVERYTHING,) * axes
        else:
            inputs = [seen[name] for name in step.inputs if name in seen]
            seen[step.name] = _seen_through(step, window(step, outputs), inputs)
    return seen


def _seen_through(
    step: Step, looked_at: Window | None, inputs: Sequence[Fields | None]
) -> Fields | None:
    """What the units of a step see, where those of its inputs see `inputs`."""
    known = [each for each in inputs if each is not None]
    if not known or len(known) < len(inputs):
        return None
    if looked_at:
        return looked_at.through(known[0])
    return union(known) if _is_pointwise(step) else None


def window(step: Step, outputs: dict[str, Tensor]) -> Window | None:
    """The window of a convolution or pooling; None for anything else.

    Args:
        step: The operation.
        outputs: What each step gives, by name; "" is the network's own input.
    """
    module: Any = step.module
    if not isinstance(module, WINDOWS):
        return None
    before, after = outputs[step.inputs[0]].shape[2:], step.output.shape[2:]
    axes = len(after)
    kernel, stride = _each(module.kernel_size, axes), _each(module.stride, axes)
    dilation = _each(getattr(module, "dilation", 1), axes)
    if isinstance(module.padding, str) or "Same" in step.operation:  # timm pads to fit the shapes
        padding = tuple(
            max((out - 1) * s + d * (k - 1) + 1 - size, 0) // 2
            for size, out, k, s, d in zip(before, after, kernel, stride, dilation, strict=True)
        )
    else:
        padding = _each(module.padding, axes)
    return Window(kernel, stride, padding, dilation)


def _is_pointwise(step: Step) -> bool:
    """Whether each unit of the output depends on the unit at its place in each input alone."""
    if step.module is None:
        return step.operation in POINTWISE_FUNCTIONS
    return isinstance(step.module, POINTWISE_LAYERS)


def _each(value: int | tuple[int, ...], axes: int) -> tuple[int, ...]:
    """A setting of torch as a number an axis."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def _parameters(module: nn.Module) -> int:
    return sum(weight.numel() for weight in module.parameters())


@contextmanager
def _counting(network: nn.Module, work: dict[str, int]) -> Iterator[None]:
    """Count into `work` the multiply-adds of one cell in each layer that runs, by name."""
    hooks = [
        layer.register_forward_hook(partial(_count, work, name))
        for name, layer in network.named_modules()
        if isinstance(layer, (*CONVOLUTIONS, nn.Linear))
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _count(work: dict[str, int], name: str, layer: nn.Module, _: Any, output: Tensor) -> None:
    """Each parameter of a layer is used once at each place of its output."""
    linear = isinstance(layer, nn.Linear)
    places = output.shape[1:-1] if linear else output.shape[2:]  # [N, ..., D] or [N, C, ...]
    work[name] = work.get(name, 0) + _parameters(layer) * prod(places)


def _times(values: Sequence[float]) -> str:
    """Numbers an axis as one where all are alike.

    >>> _times((3, 3)), _times((1, 3, 3))
    ('3', '1 x 3 x 3')
    """
    alike = len(set(values)) == 1
    return " x ".join(f"{value:g}" for value in (values[:1] if alike else values))


def _seen(seen: Fields | None) -> tuple[str, str, str]:
    """Size, jump and centre of a field for people."""
    if seen is None:
        return ("not known", "", "")
    if any(each.everything for each in seen):
        return ("whole picture", "", "")
    columns = zip(*((each.size, each.jump, each.centre) for each in seen), strict=True)
    size, jump, centre = map(_times, columns)
    return (size, jump, centre)


def _field_json(seen: Fields) -> list[dict[str, float]] | str:
    """A field for machines; infinity is no JSON."""
    if any(each.everything for each in seen):
        return "everything"
    return [
        {"size": each.size, "jump": each.jump, "offset": each.first, "centre": each.centre}
        for each in seen
    ]
