"""Training one network of the study of focus, on whole stacks or on single planes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from laveran.cells.splits import Split
from laveran.metrics import calibrated, fit_temperature
from laveran.model.prediction import Watch
from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.network import Network, build
from laveran.networks.stack import StackSpec, plain
from laveran.training.batches import Cells, score
from laveran.training.loop import Progress, fit
from laveran.training.recipe import Augmentation, Recipe
from laveran.training.train import accelerator_for

CHANGES = Augmentation(rotate_degrees=22.5, scale=0.1, shift=0.05, stain=0.1)


@dataclass(frozen=True)
class Answer:
    """What one trained network says of all cells.

    Attributes:
        network: It.
        y_prob: Calibrated probability of a parasite, float64 [N].
        seconds: To train.
    """

    network: Network
    y_prob: NDArray[np.float64]
    seconds: float

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return count_parameters(self.network)


def train_and_ask(
    spec: StackSpec | Conv3dSpec,
    pictures: NDArray[np.uint8],
    labels: NDArray[np.int64],
    division: Split[np.str_],
    *,
    stage: str,
    epochs: int,
    seed: int = 0,
    watch: Watch | None = None,
) -> Answer:
    """Train a network on one part of the cells, stop and calibrate on another, ask it of all.

    Args:
        spec: What to train.
        pictures: Cells uint8 [N, S, S, 3], or focus stacks [N, P, S, S, 3].
        labels: 1 parasitized, 0 uninfected [N].
        division: Of the cells into "train", "valid" and others.
        stage: What progress is called.
        epochs: At most so many.
        seed: Of first weights, order and augmentation.
        watch: Called with (stage, done, total, live figures).

    Raises:
        ConfigError: If the network does not fit, or diverges.
    """
    recipe = Recipe(
        name="focus",
        network=spec,
        size_px=pictures.shape[-2],
        augmentation=CHANGES,
        epochs=epochs,
        batch_size=32,
    )
    accelerator = accelerator_for(recipe)
    torch.manual_seed(seed)
    network = build(spec, recipe.size_px)
    truth = labels.astype(np.float32)
    train, valid = (
        Cells(pictures, truth, np.flatnonzero(division.parts == part))
        for part in ("train", "valid")
    )

    def report(progress: Progress) -> None:
        if watch:
            watch(stage, progress.step, progress.steps, {"loss": progress.train_loss})

    started = time.perf_counter()
    with TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "last.safetensors"
        fit(
            network,
            train,
            valid,
            recipe,
            seed=seed,
            checkpoint=checkpoint,
            accelerator=accelerator,
            report=report,
        )
    seconds = time.perf_counter() - started
    everything = Cells(pictures, truth, np.arange(len(truth)))
    logit = score(network, everything, accelerator.device).logit
    temperature = fit_temperature(logit[valid.indexes], truth[valid.indexes])
    return Answer(network, calibrated(logit, temperature), seconds)


def flat_twin(spec: Conv3dSpec, size_px: int = 48) -> StackSpec:
    """The 2-D network of the same layers whose number of weights is nearest to that of `spec`.

    Kernels without depth have fewer weights, so it has more filters.

    Example:
        >>> flat_twin(Conv3dSpec()).width
        112
    """
    first, *later = spec.filters
    style = spec.model_dump(include={"activation", "batch_norm", "dropout", "head_dropout"})
    twins = [
        plain([width, *(width * filters // first for filters in later)], per_stage=1, **style)
        for width in range(first, 3 * first)  # kernels of depth 5 ask for less than 3 times as many
    ]
    with torch.device("meta"):  # networks without numbers in them
        wanted = count_parameters(build(spec, size_px))
        return min(twins, key=lambda twin: abs(count_parameters(build(twin, size_px)) - wanted))


def count_parameters(network: Network) -> int:
    """Weights and biases."""
    return sum(weight.numel() for weight in network.parameters())
