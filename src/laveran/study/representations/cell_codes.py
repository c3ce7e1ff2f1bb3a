"""The codes of an autoencoder as a representation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.study.autoencoder.codec import LATENT, train_autoencoder
from laveran.study.montage import montage
from laveran.study.representations.representation import Pictures, Sight, Step, Vectors, ignore

EPOCHS = 20  # enough for codes; pictures to be looked at take some more


class CellCodes:
    """What an autoencoder keeps of a cell: a code out of which it can be drawn again.

    Args:
        variational: Whether codes are Gaussians (a cell's vector is the mean).
        latent: Numbers in a code.
        epochs: Passes over the training cells.
        seed: Of the training.
        step: Told of every step.
    """

    def __init__(
        self,
        *,
        variational: bool,
        latent: int = LATENT,
        epochs: int = EPOCHS,
        seed: int = 0,
        step: Step = ignore,
    ) -> None:
        self.variational, self.latent, self.epochs = variational, latent, epochs
        self.seed, self.step = seed, step
        self.autoencoder: Any = None

    def fit(self, pictures: Pictures, _y_true: NDArray[np.int64]) -> None:
        """Train it; labels are not looked at."""
        self.autoencoder = train_autoencoder(
            pictures,
            variational=self.variational,
            latent=self.latent,
            epochs=self.epochs,
            seed=self.seed,
            watch=lambda _, done, total, __: self.step(done, total or done),
        )

    def vectors(self, pictures: Pictures) -> Vectors:
        """Codes float32 [N, latent]."""
        return np.asarray(self.autoencoder.encode(pictures), np.float32)

    def sights(self, pictures: Pictures) -> tuple[Sight, ...]:
        """Cells, and what their codes keep of them."""
        drawn = self.autoencoder.decode(self.vectors(pictures))
        caption = (
            f"Cells, and what is drawn of each out of {self.latent} numbers. What does not come "
            "back is not in the vector."
        )
        return (Sight(caption, montage([*pictures, *drawn], len(pictures), 96)),)
