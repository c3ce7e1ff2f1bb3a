"""An autoencoder of cells: codes, and pictures out of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Generator

from laveran.errors import ConfigError
from laveran.model.prediction import Watch
from laveran.networks.autoencoder import (
    AutoencoderNetwork,
    AutoencoderSpec,
    filters_for,
    load,
    save,
)
from laveran.study.autoencoder.loop import Epoch, Fitting, Pictures, batches
from laveran.study.foreground import masks

Codes = NDArray[np.float32]  # [N, L]
EPOCHS = 20
LATENT = 64
SPOT_SHARE, RIM_SHARE = 5 / 64, 3 / 64  # of the side: a spot is as large as a ring


@dataclass(frozen=True)
class Autoencoder:
    """A fitted autoencoder, plain or variational.

    Attributes:
        network: Encoder and decoder.
        history: A row an epoch; see `Fitting`. Empty after `load`.
    """

    network: AutoencoderNetwork
    history: Sequence[Epoch] = field(default_factory=tuple)

    @torch.no_grad()
    def encode(self, pictures: Pictures) -> Codes:
        """Codes float32 [N, L] of cells uint8 [N, S, S, 3]; a variational one's are the means."""
        parts = [self.network.encode(cells).mean for cells in batches(pictures)]
        return torch.cat([torch.zeros(0, self.network.spec.latent), *parts]).numpy()

    @torch.no_grad()
    def decode(self, codes: Codes) -> Pictures:
        """Pictures uint8 [N, S, S, 3] of codes float32 [N, L]."""
        drawn = self.network.decode(torch.from_numpy(np.asarray(codes, np.float32)))
        return (255 * drawn).round().byte().permute(0, 2, 3, 1).contiguous().numpy()

    def reconstruct(self, pictures: Pictures) -> Pictures:
        """What is left of cells uint8 [N, S, S, 3] after the way through their codes."""
        return self.decode(self.encode(pictures))

    def sample(self, n: int, seed: int = 0) -> Pictures:
        """New cells uint8 [N, S, S, 3] out of codes from the prior.

        A plain autoencoder has none: its codes come from the Gaussian of its training codes.
        """
        noise = torch.randn(n, self.network.spec.latent, generator=Generator().manual_seed(seed))
        codes = self.network.prior_mean + noise @ self.network.prior_factor.T
        return self.decode(codes.numpy())

    def interpolate(
        self, first: NDArray[np.uint8], second: NDArray[np.uint8], steps: int = 8
    ) -> Pictures:
        """The straight way between the codes of two cells uint8 [S, S, 3].

        Returns:
            uint8 [steps, S, S, 3], from the reconstruction of `first` to that of `second`.
        """
        start, end = self.encode(np.stack([first, second]))
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, np.newaxis]
        return self.decode((1 - share) * start + share * end)

    def anomaly(self, pictures: Pictures) -> NDArray[np.float32]:
        """How unlike its training cells each of cells uint8 [N, S, S, 3] is, float32 [N].

        The root of the mean squared error over the worst spot within the cell, in levels of 0..255:
        a small thing that cannot be drawn again, where the mean over the cell would not notice it.
        The rim does not count, for outlines are the least well drawn. 0 if there is no cell.
        """
        return worst_spots(pictures, self.reconstruct(pictures))

    @torch.no_grad()
    def negative_bound(self, pictures: Pictures) -> NDArray[np.float32]:
        """The other measure of strangeness: the negative bound of each cell, float32 [N], in nats.

        At the middle of the posterior, so that it is repeatable: how badly the whole cell is drawn
        and, if variational, how far its code lies from the prior. Its zero says nothing.
        """
        parts = [-self.network.bound(cells).value() for cells in batches(pictures)]
        return torch.cat([torch.zeros(0), *parts]).numpy()

    def save(self, folder: Path | str) -> None:
        """Write `weights.safetensors` and `autoencoder.json`, from which `load` rebuilds it."""
        save(self.network, Path(folder))

    @classmethod
    def load(cls, folder: Path | str) -> Autoencoder:
        """The autoencoder that `save` wrote to `folder`.

        Raises:
            ModelError: If a file is missing, damaged or does not fit the other.
        """
        return cls(load(Path(folder)))


def worst_spots(pictures: Pictures, answers: Pictures) -> NDArray[np.float32]:
    """Error of each answer over the worst spot within its cell, float32 [N], in levels of 0..255.

    >>> cell = np.full((1, 64, 64, 3), 200, np.uint8)
    >>> answer = cell.copy()
    >>> answer[0, 30:35, 30:35] -= 40
    >>> worst_spots(cell, answer)
    array([40.], dtype=float32)
    """
    size_px = pictures.shape[1]
    spot_px, rim_px = (max(1, round(share * size_px)) for share in (SPOT_SHARE, RIM_SHARE))
    found = np.zeros(len(pictures), np.float32)
    for place, mask in enumerate(masks(pictures, rim_px)):
        apart = pictures[place].astype(np.float32) - answers[place]
        spots = cv2.blur((apart**2).mean(2), (spot_px, spot_px))
        found[place] = np.sqrt(spots[mask].max(initial=0.0))
    return found


def train_autoencoder(
    pictures: Pictures,
    *,
    variational: bool = False,
    latent: int = LATENT,
    epochs: int = EPOCHS,
    seed: int = 0,
    beta: float = 1.0,
    test: Pictures | None = None,
    checkpoint: Path | None = None,
    watch: Watch | None = None,
) -> Autoencoder:
    """Fit an autoencoder to cells, without their labels.

    Args:
        pictures: Cells uint8 [N, S, S, 3] on black.
        variational: Whether codes are Gaussians, pulled towards N(0, I).
        latent: Numbers in a code.
        epochs: Passes over the cells.
        seed: Of the first weights, the order, the symmetries and the drawn codes.
        beta: Weight of the divergence; 1 fits the bound (others: Higgins et al. 2017).
        test: Other cells, whose bound the history is to tell too; they decide nothing.
        checkpoint: File to write after each epoch, and to go on from if it is there.
        watch: Called with ("train autoencoder", step, steps, {"sigma": ...}).

    Raises:
        ConfigError: If the settings do not fit the pictures, or there are fewer than two.
        ModelError: If `checkpoint` is of another training.

    Example:
        >>> cells = np.random.default_rng(0).integers(0, 255, (8, 8, 8, 3), dtype=np.uint8)
        >>> fitted = train_autoencoder(cells, latent=4, epochs=1)
        >>> fitted.encode(cells).shape, fitted.sample(2).shape
        ((8, 4), (2, 8, 8, 3))
    """
    if len(pictures) < 2 or epochs < 1:
        raise ConfigError(f"{len(pictures)} cells and {epochs} epochs are too few to learn from")
    torch.manual_seed(seed)
    network = AutoencoderNetwork(_spec(pictures.shape[1], latent, variational=variational))
    fitting = Fitting(network, pictures, epochs=epochs, seed=seed, beta=beta)
    fitting.run(test, checkpoint, watch)
    fitted = Autoencoder(network, tuple(fitting.history))
    if not variational:
        _give_prior(network, fitted.encode(pictures))
    return fitted


def _spec(size_px: int, latent: int, *, variational: bool) -> AutoencoderSpec:
    """What the network for pictures of this side is."""
    try:
        return AutoencoderSpec(
            size_px=size_px,
            filters=filters_for(size_px),
            latent=latent,
            variational=variational,
        )
    except ValidationError as error:
        raise ConfigError(f"no autoencoder can be built: {error.errors()[0]['msg']}") from error


def _give_prior(network: AutoencoderNetwork, codes: Codes) -> None:
    """Let new cells come from the Gaussian of the training codes [N, L]."""
    covariance = np.atleast_2d(np.cov(codes.T.astype(np.float64)))
    covariance += 1e-6 * max(float(np.trace(covariance)), 1e-6) * np.eye(len(covariance))
    network.prior_mean.copy_(torch.from_numpy(codes.mean(0)))
    network.prior_factor.copy_(torch.from_numpy(np.linalg.cholesky(covariance)))
