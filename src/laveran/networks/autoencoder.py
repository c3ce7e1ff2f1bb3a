"""The autoencoder, plain and variational: a cell into a few numbers, and back into a picture.

The encoder shrinks the picture by strided convolutions, four times at first and then by half at
each stage, and ends in a code; the decoder goes the same way back by transposed convolutions.
The variational one (Kingma & Welling 2014, arXiv:1312.6114) answers with a Gaussian over codes
instead of one, and its decoder turns what is drawn from the prior into cells that nobody has seen.

Pictures are 0..1 here, black is 0. A cell lies on black, and its outline is a step of two hundred
levels: where all pixels count alike, an outline off by one pixel costs more than all that is in
the cell. So black counts for a tenth, as if it were known ten times less well: enough that the
decoder learns to draw an outline, and most of the code is left for what lies within it.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple, Self

import torch
from pydantic import Field, ValidationError, model_validator
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Generator, Tensor, nn

from laveran import files
from laveran.errors import ModelError
from laveran.networks.layers import ACTIVATIONS, Conv, Style, conv_layer

WEIGHTS, DESCRIPTION = "weights.safetensors", "autoencoder.json"
NARROWEST, WIDEST = 32, 128  # feature maps of the first and of the last stage
STEM = 4  # stride of the first stage: maps at full size would cost three quarters of the time
COARSEST_PX = 4  # side of the last maps: whatever lies apart in a cell stays apart
BLACK, BLACK_WEIGHT = 16 / 255, 0.1  # no channel above it is black; what black counts
ROUNDING = (1 / 255) ** 2 / 12  # variance of what uint8 rounds away: no picture is known finer


class AutoencoderSpec(Style):
    """What `autoencoder.json` says of the network.

    Attributes:
        size_px: Side of the pictures; the first stage takes a quarter of it, each other a half.
        filters: Feature maps of each stage of the encoder; the decoder mirrors them.
        latent: Numbers in a code.
        variational: Whether a code is drawn from a Gaussian that the encoder names.

    Raises:
        pydantic.ValidationError: If there is no stage, or they do not divide `size_px`.

    Example:
        >>> AutoencoderSpec(size_px=32, filters=(8, 16)).coarsest_px
        4
    """

    schema_version: Literal[1] = 1
    size_px: int = Field(ge=STEM)
    filters: tuple[int, ...] = Field(min_length=1)
    latent: int = Field(64, ge=1)
    variational: bool = False

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.size_px % self.stride_px:
            raise ValueError(
                f"pictures of {self.size_px} px cannot be shrunk {self.stride_px} times; "
                f"take a multiple of {self.stride_px} px"
            )
        return self

    @property
    def stride_px(self) -> int:
        """Pixels of the input from one unit of the encoder's last feature maps to the next."""
        return STEM << (len(self.filters) - 1)

    @property
    def coarsest_px(self) -> int:
        """Side of the encoder's last feature maps."""
        return self.size_px // self.stride_px


def filters_for(size_px: int) -> tuple[int, ...]:
    """Feature maps of as many stages as shrink `size_px` evenly to 4 px or more, doubled at each.

    >>> filters_for(64), filters_for(16), filters_for(100)
    ((32, 64, 128), (32,), (32,))
    """
    maps_px, stages = size_px // STEM, 1
    while maps_px % 2 == 0 and maps_px > COARSEST_PX:
        maps_px, stages = maps_px // 2, stages + 1
    return tuple(min(NARROWEST << stage, WIDEST) for stage in range(stages))


class Posterior(NamedTuple):
    """What the encoder says of N cells: a Gaussian over codes, or a code alone.

    Attributes:
        mean: The code [N, L].
        log_variance: Logarithm of the variance of each of its numbers [N, L]; None for a plain
            autoencoder, which knows no doubt.
    """

    mean: Tensor
    log_variance: Tensor | None

    def draw(self, generator: Generator) -> Tensor:
        """Codes [N, L]: `mean + sigma * noise`, the noise from N(0, I).

        The reparametrisation (eq. 10 and section 2.4 of Kingma & Welling): chance comes from
        outside, so that the gradient passes through mean and sigma.
        """
        if self.log_variance is None:
            return self.mean
        noise = torch.randn(self.mean.shape, generator=generator)
        return self.mean + torch.exp(self.log_variance / 2) * noise

    def divergence(self) -> Tensor:
        """KL divergence [N] of each Gaussian from the prior N(0, I), in nats; 0 without doubt.

        In closed form (appendix B of Kingma & Welling; theirs is the negative of it):
        `sum over the numbers of a code (sigma^2 + mean^2 - 1 - log sigma^2) / 2`.

        Example:
            >>> Posterior(torch.tensor([[0.0], [2.0]]), torch.zeros(2, 1)).divergence()
            tensor([0., 2.])
        """
        if self.log_variance is None:
            return torch.zeros(len(self.mean))
        apart = self.log_variance.exp() + self.mean.square() - 1 - self.log_variance
        return apart.sum(1) / 2


class Bound(NamedTuple):
    """The bound below `log p(cell)` of N cells and its two terms, in nats.

    Kingma & Welling 2014, eq. 3: `log p(x) >= E[log p(x|z)] - KL(q(z|x) || p(z))`, the mean over
    codes z that the encoder's Gaussian q draws. With one draw a cell and the KL in closed form
    it is their estimator B, eq. 7 (and eq. 10 with its terms written out). Here p is the density
    of a cell given where it is black, for that decides the variance of its pixels.

    A plain autoencoder has no q, and so no bound: its divergence is 0, and what is left is the
    likelihood given the one code.

    Attributes:
        reconstruction: `log p(x|z)` [N], a density of pixels in 0..1: above 0 is no mistake.
        divergence: What the code says beyond the prior [N].
    """

    reconstruction: Tensor
    divergence: Tensor

    def value(self, beta: float = 1.0) -> Tensor:
        """The bound [N]; `beta` other than 1 weighs the divergence (Higgins et al. 2017, eq. 4)."""
        return self.reconstruction - beta * self.divergence


def pixel_weights(cells: Tensor) -> Tensor:
    """What the pixels of `cells` float [N, 3, S, S] in 0..1 count, [N, 1, S, S].

    >>> pixel_weights(torch.tensor([0.0, 0.5]).expand(1, 3, 1, 2)).flatten()
    tensor([0.1000, 1.0000])
    """
    on_cell = cells.amax(1, keepdim=True) > BLACK
    return torch.where(on_cell, 1.0, BLACK_WEIGHT)


def log_likelihood(cells: Tensor, means: Tensor, variance: Tensor) -> Tensor:
    """Log density [N] of `cells` [N, ...] under Gaussians around `means`, summed over pixels.

    Args:
        cells: Values of pixels.
        means: The decoder's.
        variance: Of each pixel, or of all.

    Example:
        >>> one = torch.zeros(1, 1)
        >>> log_likelihood(one, one, torch.tensor(0.5 / torch.pi)) + 1
        tensor([1.])
    """
    apart = (cells - means).square() / variance + torch.log(2 * torch.pi * variance)
    return -apart.flatten(1).sum(1) / 2


class AutoencoderNetwork(nn.Module):
    """Encoder and decoder.

    Attributes:
        variance: Of a pixel of a cell about the decoder's answer, running mean over the training
            batches; on black it is divided by what black counts.
        prior_mean: Mean of the codes that are drawn to make new cells [L].
        prior_factor: Cholesky factor of their covariance [L, L]. Both are N(0, I)'s from the
            start, which is the variational one's prior; a plain one has no prior, so it is given
            the Gaussian of its training codes (Ghosh et al. 2020, arXiv:1903.12436, section 4).
    """

    variance: Tensor
    prior_mean: Tensor
    prior_factor: Tensor

    def __init__(self, spec: AutoencoderSpec) -> None:
        super().__init__()
        self.spec = spec
        widths = spec.filters
        coarsest = (widths[-1], spec.coarsest_px, spec.coarsest_px)
        answers = 2 * spec.latent if spec.variational else spec.latent
        self.encoder = nn.Sequential(
            conv_layer(Conv(filters=widths[0], kernel=STEM + 1, stride=STEM), 3, spec),
            *(
                conv_layer(Conv(filters=out, stride=2), into, spec)
                for into, out in pairwise(widths)
            ),
            nn.Flatten(),
            nn.Linear(math.prod(coarsest), answers),
        )
        self.decoder = nn.Sequential(
            nn.Linear(spec.latent, math.prod(coarsest)),
            ACTIVATIONS[spec.activation](),
            nn.Unflatten(1, coarsest),
            *(_up(into, out, spec) for into, out in pairwise(reversed(widths))),
            nn.ConvTranspose2d(widths[0], 3, 2 * STEM, stride=STEM, padding=STEM // 2),
            nn.Sigmoid(),
        )
        self.register_buffer("variance", torch.tensor(1.0))
        self.register_buffer("prior_mean", torch.zeros(spec.latent))
        self.register_buffer("prior_factor", torch.eye(spec.latent))

    def encode(self, cells: Tensor) -> Posterior:
        """Codes of `cells` float [N, 3, S, S] in 0..1."""
        answer = self.encoder(cells)  # [N, L] or [N, 2 L]
        if not self.spec.variational:
            return Posterior(answer, None)
        mean, log_variance = answer.chunk(2, dim=1)
        return Posterior(mean, log_variance)

    def decode(self, codes: Tensor) -> Tensor:
        """Pictures float [N, 3, S, S] in 0..1 of `codes` [N, L]."""
        pictures: Tensor = self.decoder(codes)
        return pictures

    def bound(self, cells: Tensor, generator: Generator | None = None) -> Bound:
        """The bound of `cells` float [N, 3, S, S] in 0..1.

        The variance is not guessed but is the (weighted) mean squared error, its optimum, as in the
        sigma-VAE (Rybkin et al. 2021, arXiv:2006.13202, section 3): that of the batch while
        training, which the running mean follows. With the usual variance of 1 a parasite of some
        pixels would be worth less than a nat, and the code would never mention it.

        Args:
            cells: The cells.
            generator: Draws one code a cell; None takes the Gaussian's mean, which is repeatable
                but no longer a bound.
        """
        posterior = self.encode(cells)
        means = self.decode(posterior.draw(generator) if generator else posterior.mean)
        weights, variance = pixel_weights(cells), self.variance
        if self.training:
            squared = (cells - means).detach().square()
            variance = (weights * squared).mean().clamp_min(ROUNDING)
            self.variance.lerp_(variance, 0.1)
        return Bound(log_likelihood(cells, means, variance / weights), posterior.divergence())


def save(network: AutoencoderNetwork, folder: Path) -> None:
    """Write `weights.safetensors` and `autoencoder.json`, from which `load` rebuilds it."""
    state = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    with files.replacing(folder / WEIGHTS) as scratch:
        scratch.write_bytes(to_bytes(state))
    files.write_text(folder / DESCRIPTION, network.spec.model_dump_json(indent=2) + "\n")


def load(folder: Path) -> AutoencoderNetwork:
    """The network that `save` wrote to `folder`, in evaluation mode.

    Raises:
        ModelError: If a file is missing, damaged or does not fit the other.
    """
    try:
        spec = AutoencoderSpec.model_validate_json((folder / DESCRIPTION).read_bytes())
        network = AutoencoderNetwork(spec)
        network.load_state_dict(load_file(folder / WEIGHTS))
    except OSError as error:
        raise ModelError(f"{folder} holds no autoencoder: {error.strerror or error}") from error
    except (ValidationError, SafetensorError) as error:
        raise ModelError(f"the autoencoder in {folder} is damaged: {error}") from error
    except RuntimeError as error:
        raise ModelError(f"{folder}/{WEIGHTS} does not fit {DESCRIPTION}") from error
    return network.eval()


def _up(inputs: int, outputs: int, style: Style) -> nn.Sequential:
    """Twice the side: [N, inputs, H, W] -> [N, outputs, 2 H, 2 W].

    A kernel of twice the stride covers all pixels alike, so that no chequerboard is left.
    """
    layers: list[nn.Module] = [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1)]
    if style.batch_norm:
        layers.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*layers, ACTIVATIONS[style.activation]())
