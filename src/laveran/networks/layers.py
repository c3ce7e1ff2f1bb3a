"""The layers of our own networks: what a recipe may say of each, and the module it becomes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn

Activation = Literal["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid"]
Padding = Literal["none", "same", "full"]
Edge = Literal["zeros", "reflect", "replicate", "circular"]

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


class Settings(BaseModel):
    """Base of everything a recipe says: immutable, unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _odd(kernel: int) -> int:
    if kernel % 2 == 0:
        raise ValueError(
            f"a layer that keeps the size of its maps needs an odd kernel, not {kernel}"
        )
    return kernel


OddKernel = Annotated[int, Field(ge=1), AfterValidator(_odd)]  # one that has a centre


class Conv(Settings):
    """A convolution, then batch norm, the activation and dropout.

    Attributes:
        filters: Number of filters, one feature map each.
        kernel: Side of the square kernels.
        stride: Step of the kernels.
        padding: "none" (only whole windows), "same" (ceil(size / stride) out) or
            "full" (every window that touches the picture).
        edge: What stands beyond the edge when there is padding.
    """

    kind: Literal["conv"] = "conv"
    filters: int = Field(ge=1)
    kernel: int = Field(3, ge=1)
    stride: int = Field(1, ge=1)
    padding: Padding = "same"
    edge: Edge = "zeros"

    @model_validator(mode="after")
    def _same_needs_a_centre(self) -> Self:
        if self.padding == "same" and self.kernel % 2 == 0:
            raise ValueError(f'padding "same" needs an odd kernel, not {self.kernel}')
        return self


class Pool(Settings):
    """Max or average pooling over F x F windows (`size`) at stride S (`stride`)."""

    kind: Literal["pool"] = "pool"
    mode: Literal["max", "average"] = "max"
    size: int = Field(2, ge=1)
    stride: int = Field(2, ge=1)


class Block(Settings):
    """Two convolutions with a shortcut around them (He et al. 2016, arXiv:1512.03385, fig. 2).

    The shortcut is the identity, or a 1 x 1 convolution where the shape changes.
    """

    kind: Literal["block"] = "block"
    filters: int = Field(ge=1)
    kernel: OddKernel = 3
    stride: int = Field(1, ge=1)
    edge: Edge = "zeros"


class Style(Settings):
    """What all layers of one network share.

    Attributes:
        activation: Name of the non-linearity.
        batch_norm: Whether each convolution is followed by batch norm.
        dropout: Share of feature maps set to 0 in training after each convolution.
    """

    activation: Activation = "relu"
    batch_norm: bool = True
    dropout: float = Field(0.0, ge=0, lt=1)


def convolution(layer: Conv | Block, inputs: int, stride: int, padding: Padding) -> nn.Conv2d:
    """One convolution of `layer`'s kernels."""
    width = {"none": 0, "same": (layer.kernel - 1) // 2, "full": layer.kernel - 1}[padding]
    return nn.Conv2d(
        inputs,
        layer.filters,
        layer.kernel,
        stride,
        padding=width,
        padding_mode=layer.edge,
    )


def normalised(conv: nn.Conv2d, style: Style) -> list[nn.Module]:
    """`conv` with its batch norm, which makes the convolution's bias idle, so it goes."""
    if not style.batch_norm:
        return [conv]
    conv.register_parameter("bias", None)
    return [conv, nn.BatchNorm2d(conv.out_channels)]


def conv_layer(layer: Conv, inputs: int, style: Style) -> nn.Sequential:
    """The modules of a `Conv`: [N, inputs, H, W] -> [N, filters, H', W']."""
    parts = normalised(convolution(layer, inputs, layer.stride, layer.padding), style)
    parts.append(ACTIVATIONS[style.activation]())
    if style.dropout:
        parts.append(nn.Dropout2d(style.dropout))
    return nn.Sequential(*parts)


def pool_layer(layer: Pool) -> nn.Module:
    """The module of a `Pool`: [N, C, H, W] -> [N, C, H', W']."""
    kind = nn.MaxPool2d if layer.mode == "max" else nn.AvgPool2d
    return kind(layer.size, layer.stride)


class ResidualBlock(nn.Module):
    """The module of a `Block`: [N, inputs, H, W] -> [N, filters, ceil(H / stride), ...]."""

    def __init__(self, layer: Block, inputs: int, style: Style) -> None:
        super().__init__()
        activation = ACTIVATIONS[style.activation]
        second = layer.model_copy(update={"stride": 1})
        self.residual = nn.Sequential(
            *normalised(convolution(layer, inputs, layer.stride, "same"), style),
            activation(),
            *normalised(convolution(second, layer.filters, 1, "same"), style),
        )
        same_shape = inputs == layer.filters and layer.stride == 1
        projection = nn.Conv2d(inputs, layer.filters, 1, layer.stride)
        self.shortcut = (
            nn.Identity() if same_shape else nn.Sequential(*normalised(projection, style))
        )
        self.activation = activation()
        self.dropout = nn.Dropout2d(style.dropout)

    def forward(self, maps: Tensor) -> Tensor:
        """[N, inputs, H, W] -> [N, filters, H', W']."""
        summed: Tensor = self.shortcut(maps) + self.residual(maps)
        result: Tensor = self.dropout(self.activation(summed))
        return result
