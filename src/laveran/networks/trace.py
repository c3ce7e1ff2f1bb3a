"""The graph of a network: every operation on its maps, in order, with what it gave.

Sums around residual blocks, concatenations and gates are operations too, which hooks on layers
would not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, fx, nn

from laveran.errors import ConfigError


@dataclass(frozen=True)
class Step:
    """One operation and its output for some cells.

    Attributes:
        name: Its own within the network: the layer's path, or what torch.fx calls it.
        operation: What it does: the layer's class, such as "Conv2d", or the function's name,
            such as "add".
        module: The layer; None for functions.
        inputs: Names of the steps whose outputs it takes; "" is the network's own input.
        output: float [N, ...].
        block: Of a function, the path of the module that calls it; "" for the network itself.
    """

    name: str
    operation: str
    module: nn.Module | None
    inputs: tuple[str, ...]
    output: Tensor
    block: str = ""


def trace(network: nn.Module, cells: Tensor) -> list[Step]:
    """Pass `cells` through `network` and note every operation.

    Args:
        network: Its layers' weights are left as they are; in evaluation mode the outputs are those
            of prediction. A layer of torch or timm is one operation; those
            that only hand on what they get are left out.
        cells: What the network takes, [N, ...].

    Returns:
        The operations in the order in which they run; gradients flow through their outputs.

    Raises:
        ConfigError: If what the network does depends on the values of its input.

    Example:
        >>> import torch
        >>> layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
        >>> for step in trace(layers, torch.zeros(1, 3, 8, 8)):
        ...     print(step.name, step.operation, step.inputs, tuple(step.output.shape))
        0 Conv2d ('',) (1, 4, 6, 6)
        1 ReLU ('0',) (1, 4, 6, 6)
    """
    try:
        graph = _Tracer().trace(network)
    except (fx.proxy.TraceError, TypeError) as error:
        raise ConfigError(f"the operations of this network cannot be listed: {error}") from error
    recorder = _Recorder(fx.GraphModule(network, graph))
    recorder.run(cells)
    return recorder.steps


class _Tracer(fx.Tracer):
    """Looks into our own modules and into timm's networks."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether `m` is one operation: timm's layers are, for they compute their own padding."""
        if type(m).__module__.startswith("timm.layers"):
            return True
        return super().is_leaf_module(m, module_qualified_name)


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps what each node gives, but for those that hand on what they get."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.steps: list[Step] = []

    def run_node(self, n: fx.Node) -> Any:
        """Run `n`; note it if it computes a tensor."""
        output = super().run_node(n)
        if isinstance(output, Tensor) and n.op.startswith("call_") and not self._hands_on(n):
            self.steps.append(self._step(n, output))
        return output

    def _step(self, node: fx.Node, output: Tensor) -> Step:
        module = self._module(node)
        inputs = [each for each in node.all_input_nodes if each.op != "get_attr"]
        return Step(
            self._name(node),
            type(module).__name__ if module is not None else _function(node),
            module,
            tuple(self._name(each) for each in inputs),
            output,
            next(reversed(node.meta.get("nn_module_stack", {})), "") if module is None else "",
        )

    def _name(self, node: fx.Node) -> str:
        """What a step is called: the layer's path, or torch.fx's name; nothing for the input."""
        if node.op == "placeholder":
            return ""
        if self._hands_on(node):
            return self._name(node.all_input_nodes[0])
        return str(node.target) if node.op == "call_module" else node.name

    def _hands_on(self, node: fx.Node) -> bool:
        return isinstance(self._module(node), nn.Identity)

    def _module(self, node: fx.Node) -> nn.Module | None:
        """The layer of a node; None for functions."""
        if node.op != "call_module":
            return None
        module: nn.Module = self.fetch_attr(str(node.target))
        return module


def _function(node: fx.Node) -> str:
    """The name of the function or method that `node` calls."""
    return str(getattr(node.target, "__name__", node.target))
