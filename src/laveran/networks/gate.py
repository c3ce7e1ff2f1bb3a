"""The outlier gate: how far a picture's embedding lies from those of the cells trained on.

The distance of Mahalanobis (Lee et al. 2018, arXiv:1807.03888, eq. 2) to the nearest of a
few hundred prototypes instead of to the mean of a class, in the space of the largest
principal components: cells of one class come in many stains and shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from laveran import files
from laveran.errors import ModelError

FILE = "gate.safetensors"


class Gate(nn.Module):
    """Distance of embeddings to the nearest prototype.

    Args:
        mean: Mean embedding of the training cells [D].
        basis: Principal directions, each divided by its standard deviation [D, R].
        prototypes: Typical training cells in that space [K, R].

    Example:
        >>> import torch
        >>> gate = Gate(torch.zeros(2), torch.eye(2), torch.tensor([[0.0, 0.0], [3.0, 0.0]]))
        >>> gate(torch.tensor([[0.0, 1.0], [3.0, 4.0]]))
        tensor([1., 4.])
    """

    mean: Tensor
    basis: Tensor
    prototypes: Tensor

    def __init__(self, mean: Tensor, basis: Tensor, prototypes: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("basis", basis)
        self.register_buffer("prototypes", prototypes)

    def forward(self, embedding: Tensor) -> Tensor:
        """Distance [N] of each `embedding` [N, D], in standard deviations."""
        place = (embedding - self.mean) @ self.basis  # [N, R]
        apart = place.square().sum(1, keepdim=True) + self.prototypes.square().sum(1)  # [N, K]
        squared = apart - 2 * place @ self.prototypes.T
        return squared.amin(1).clamp_min(0).sqrt()


def save(gates: Sequence[Gate], folder: Path) -> None:
    """Write `gate.safetensors`, from which `load` rebuilds the gates."""
    state = {name: value.contiguous() for name, value in nn.ModuleList(gates).state_dict().items()}
    with files.replacing(folder / FILE) as scratch:
        scratch.write_bytes(to_bytes(state))


def load(folder: Path) -> list[Gate]:
    """The gates that `save` wrote to `folder`, one for each member.

    Raises:
        ModelError: If the file is missing or damaged.
    """
    path = folder / FILE
    try:
        state = load_file(path)
        names = ("mean", "basis", "prototypes")
        return [
            Gate(*(state[f"{member}.{name}"] for name in names))
            for member in range(len(state) // len(names))
        ]
    except (OSError, SafetensorError, KeyError) as error:
        raise ModelError(f"{path} holds no outlier gate: {error}") from error
