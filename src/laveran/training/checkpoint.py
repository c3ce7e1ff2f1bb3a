"""Checkpoints: one safetensors file with the state's numbers as JSON in its header.

One file, written beside and renamed into place: whatever moment a process is killed
at, the last whole checkpoint is there. No pickle is written or read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from laveran import files
from laveran.errors import ModelError

State = dict[str, Tensor]


@dataclass
class Checkpoint:
    """All that a training needs to go on as if nothing had happened.

    Attributes:
        tensors: Groups of tensors by name, such as "network", "average", "best", "optimizer".
        numbers: JSON values: epoch, history, state of the schedule.
    """

    tensors: dict[str, State] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write to `path`, whole or not at all."""
        flat = {
            f"{group}/{name}": tensor.detach().cpu().contiguous().clone()
            for group, state in self.tensors.items()
            for name, tensor in state.items()
        }
        with files.replacing(path) as scratch:
            scratch.write_bytes(save(flat, metadata={"numbers": json.dumps(self.numbers)}))


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint at `path`, None if there is none.

    Raises:
        ModelError: If the file is there but is no checkpoint.
    """
    if not path.is_file():
        return None
    checkpoint = Checkpoint()
    try:
        with safe_open(path, framework="pt") as file:
            checkpoint.numbers = json.loads(file.metadata()["numbers"])
            for key in file.keys():  # noqa: SIM118 (safe_open is no mapping)
                group, name = key.split("/", 1)
                checkpoint.tensors.setdefault(group, {})[name] = file.get_tensor(key)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path} is no checkpoint of ours ({error}); delete it to start anew"
        ) from error
    return checkpoint


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> State:
    """The optimizer's tensors by "index.name"."""
    return {
        f"{index}.{name}": value
        for index, slots in optimizer.state_dict()["state"].items()
        for name, value in slots.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: State, groups: list[dict[str, Any]]
) -> None:
    """Undo `optimizer_tensors`; `groups` are the `param_groups` of its state dict."""
    state: dict[int, State] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    for weight, slots in optimizer.state.items():
        for name, value in slots.items():
            if value.shape == weight.shape:  # laid out as before: other strides may round otherwise
                slots[name] = torch.empty_like(weight).copy_(value)


def network_tensors(network: nn.Module) -> State:
    """A copy of the network's weights and buffers that later steps cannot change."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
