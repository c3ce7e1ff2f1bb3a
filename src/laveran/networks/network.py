"""The one shape of every network: feature maps -> global average -> linear.

That shape gives each prediction its evidence map (class activation map, Zhou et al.
2016, arXiv:1512.04150, eq. 2) at no cost, with the law `mean(evidence) + bias == logit`.
A multilayer perceptron has no maps: its last hidden layer stands where their average would.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from laveran import files
from laveran.errors import ConfigError, ModelError
from laveran.networks.backbone import Backbone, BackboneSpec
from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.layers import Settings
from laveran.networks.mlp import MlpSpec
from laveran.networks.stack import StackSpec

NetworkSpec = Annotated[
    StackSpec | BackboneSpec | MlpSpec | Conv3dSpec, Field(discriminator="family")
]

# Our own networks keep black at 0: the crops lie on black, so a padding of zeros is more of the
# same and draws no false edge.
OWN_SCALE = 64.0


class NetworkFile(Settings):
    """What `network.json` says."""

    schema_version: Literal[1] = 1
    size_px: int = Field(ge=1)
    network: NetworkSpec
    members: int = Field(1, ge=1)
    start_sha256: str | None = None


class Reading(NamedTuple):
    """What a network says of N cells."""

    logit: Tensor  # [N]
    embedding: Tensor  # [N, D]
    evidence: Tensor | None  # [N, h, w], of focus stacks [N, p, h, w]; None without maps


class Network(nn.Module):
    """Feature maps, their global average, a linear head.

    What is said of cells [N, 3, S, S] and maps [N, D, h, w] holds of focus stacks [N, 3, P, S, S]
    and maps [N, D, p, h, w] alike.

    Args:
        features: Module [N, 3, S, S] -> [N, D, h, w], or without maps -> [N, D].
        width: D.
        head_dropout: Share of the embedding set to 0 in training.
        mean: What is subtracted from R, G, B (0..255).
        std: What they are divided by.
        has_maps: Whether `features` gives maps.
        stacks: Whether it takes focus stacks.

    Attributes:
        start_sha256: Hash of the ImageNet weights it started from; None for random ones.
    """

    mean: Tensor
    std: Tensor
    start_sha256: str | None = None

    def __init__(
        self,
        features: nn.Module,
        width: int,
        head_dropout: float = 0.0,
        mean: list[float] | None = None,
        std: list[float] | None = None,
        *,
        has_maps: bool = True,
        stacks: bool = False,
    ) -> None:
        super().__init__()
        shape = (1, 3, 1, 1, 1) if stacks else (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(mean or [0.0] * 3).view(shape))
        self.register_buffer("std", torch.tensor(std or [OWN_SCALE] * 3).view(shape))
        self.features = features
        self.dropout = nn.Dropout(head_dropout)
        self.head = nn.Linear(width, 1)
        self.has_maps = has_maps
        self.axes = (2, 3, 4) if stacks else (2, 3)  # of maps; torch.fx cannot count them
        self.layout = torch.channels_last_3d if stacks else torch.channels_last  # the fastest

    def maps(self, cells: Tensor) -> Tensor:
        """Last feature maps [N, D, h, w] of `cells` float [N, 3, S, S] in 0..255.

        Without maps, the last hidden layer [N, D].
        """
        result: Tensor = self.features((cells - self.mean) / self.std)
        return result

    def embed(self, cells: Tensor) -> Tensor:
        """What the head sees [N, D] of `cells` float [N, 3, S, S] in 0..255."""
        return self._averaged(self.maps(cells))

    def forward(self, cells: Tensor) -> Tensor:
        """Logit [N] of "parasitized" for `cells` float [N, 3, S, S] in 0..255."""
        logit: Tensor = self.head(self.dropout(self.embed(cells))).squeeze(1)
        return logit

    def read(self, cells: Tensor) -> Reading:
        """Logit, embedding and evidence map; for evaluation mode, where dropout is idle."""
        maps = self.maps(cells)  # [N, D, h, w]
        embedding = self._averaged(maps)  # [N, D]
        evidence = None
        if self.has_maps:
            weight = self.head.weight.view(1, -1, *(1 for _ in maps.shape[2:]))
            evidence = (maps * weight).sum(1)  # [N, h, w]
        return Reading(self.head(embedding).squeeze(1), embedding, evidence)

    def _averaged(self, maps: Tensor) -> Tensor:
        """Global average [N, D] of maps [N, D, h, w]."""
        return maps.mean(self.axes) if self.has_maps else maps


def build(spec: NetworkSpec, size_px: int) -> Network:
    """A network with random weights for square inputs of `size_px`.

    Raises:
        ConfigError: If `size_px` is too small for the layers, or the backbone is
            unknown or has no feature maps.

    Example:
        >>> from laveran.networks.stack import plain
        >>> network = build(plain((8, 16)), size_px=32)
        >>> network(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2])
    """
    if isinstance(spec, MlpSpec):
        hidden = spec.build(size_px)
        return Network(hidden, spec.hidden[-1], spec.head_dropout, has_maps=False)
    features = spec.build()
    if isinstance(spec, Conv3dSpec):
        return Network(features, spec.filters[-1], spec.head_dropout, stacks=True)
    width = _map_width(features, size_px)
    if isinstance(features, Backbone):
        features.freeze_unused(size_px)
        mean, std = features.normalisation
        return Network(features, width, spec.head_dropout, mean, std)
    return Network(features, width, spec.head_dropout)


def load_start(network: Network, spec: NetworkSpec) -> None:
    """Give a backbone the weights that its spec names; our own networks start at random.

    Raises:
        ConfigError: If the source is unknown, not installed or out of reach.
    """
    if isinstance(spec, BackboneSpec) and isinstance(network.features, Backbone):
        network.start_sha256 = network.features.load_start(spec)


def save(members: Sequence[Network], spec: NetworkSpec, size_px: int, folder: Path) -> None:
    """Write `weights.safetensors` and `network.json`, from which `load` rebuilds the networks.

    Args:
        members: One network, or the members of an ensemble, all of one `spec`.
        spec: What they were built from.
        size_px: Side of their input.
        folder: Where to write.
    """
    whole = members[0] if len(members) == 1 else nn.ModuleList(members)
    state = {name: tensor.contiguous() for name, tensor in whole.state_dict().items()}
    with files.replacing(folder / "weights.safetensors") as scratch:
        scratch.write_bytes(to_bytes(state))
    description = NetworkFile(
        size_px=size_px,
        network=spec,
        members=len(members),
        start_sha256=members[0].start_sha256,
    )
    files.write_text(folder / "network.json", description.model_dump_json(indent=2) + "\n")


def load(folder: Path) -> Network:
    """The one network that `save` wrote to `folder`, in evaluation mode.

    Raises:
        ModelError: If a file is missing, damaged or does not fit the other, or if there are
            the members of an ensemble.
    """
    members = load_members(folder)
    if len(members) > 1:
        raise ModelError(
            f"{folder} holds an ensemble of {len(members)} networks; take one of its folds/"
        )
    return members[0]


def load_members(folder: Path) -> list[Network]:
    """All networks that `save` wrote to `folder`, in evaluation mode.

    Raises:
        ModelError: If a file is missing, damaged or does not fit the other.
    """
    description = _read_description(folder / "network.json")
    weights = folder / "weights.safetensors"
    try:
        members = [
            build(description.network, description.size_px) for _ in range(description.members)
        ]
        whole = members[0] if len(members) == 1 else nn.ModuleList(members)
        whole.load_state_dict(load_file(weights))
    except ConfigError as error:
        raise ModelError(f"the network in {folder} cannot be rebuilt: {error}") from error
    except OSError as error:
        raise ModelError(f"{folder} holds no {weights.name}: {error.strerror}") from error
    except SafetensorError as error:
        raise ModelError(f"{weights} is damaged: {error}") from error
    except RuntimeError as error:
        raise ModelError(f"{weights} does not fit network.json; take both from one run") from error
    for member in members:
        member.start_sha256 = description.start_sha256
    return [member.eval() for member in members]


def _read_description(path: Path) -> NetworkFile:
    """What `network.json` says."""
    try:
        return NetworkFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path.parent} holds no {path.name}: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"{path} is damaged: {place or 'JSON'}: {first['msg']}") from error


def _map_width(features: nn.Module, size_px: int) -> int:
    """Number of feature maps, found by passing one black cell through."""
    features.eval()
    try:
        with torch.no_grad():
            maps: Tensor = features(torch.zeros(1, 3, size_px, size_px))
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"the network does not fit inputs of {size_px} px: {error}") from error
    features.train()
    if maps.ndim != 4 or 0 in maps.shape:
        raise ConfigError(
            "the network has no feature maps [N, C, h, w]; choose a convolutional one"
        )
    return maps.shape[1]
