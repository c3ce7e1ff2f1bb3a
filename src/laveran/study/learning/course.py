"""A training followed from outside: how it does on both sides of the division, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from laveran.errors import ConfigError
from laveran.networks.layers import Settings
from laveran.networks.network import Network, build
from laveran.study.learning.gradients import gradient_sizes
from laveran.training.batches import Cells, score
from laveran.training.loop import Progress, fit
from laveran.training.recipe import Recipe
from laveran.training.train import accelerator_for

CELLS_LOOKED_AT = 600  # of either side, at each look: enough for a curve
LOOKS = 25  # at most, so that many short epochs cost little


class Look(Settings):
    """How a network does on cells that it learns from and on cells of other patients."""

    epoch: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float


class Course(Settings):
    """The way that a fit took, and where it ended.

    Attributes:
        parameters: Weights and biases of the network.
        looks: How it did on the way, on some of the cells.
        chosen: How the weights do that the fit chose, on the same cells.
        gradients: Mean |dL/dW| of each convolution: a row of the first step, before anything was
            learned, then a row an epoch.
        calls: What the chosen weights call each test cell: "1" parasitized, "0" uninfected.
    """

    parameters: int
    looks: tuple[Look, ...]
    chosen: Look
    gradients: tuple[tuple[float, ...], ...]
    calls: str


class Followed(NamedTuple):
    """A fitted network, and its course."""

    network: Network
    course: Course


def follow(
    recipe: Recipe,
    train: Cells,
    test: Cells,
    *,
    valid: Cells | None = None,
    seed: int = 0,
    tell: Callable[[int, int], None] | None = None,
) -> Followed:
    """Fit a network by a recipe and look at it after each epoch, or after every few of many.

    The test cells are looked at only: nothing is chosen by them. What is looked at are the
    weights as they are then, so the recipe may not average them.

    Args:
        recipe: How; its `average_decay` must be 0.
        train: Cells to learn from.
        test: Cells of other patients.
        valid: Cells of a third group of patients, for early stopping; None to fit all epochs.
        seed: Of the first weights, the order and all other chance.
        tell: Called after each step with steps done and steps in all.

    Raises:
        ConfigError: If the recipe cannot work.
        ValueError: If the recipe averages the weights.
    """
    if recipe.average_decay:
        raise ValueError(f"an average_decay of {recipe.average_decay} hides the weights")
    torch.manual_seed(seed)
    network = build(recipe.network, recipe.size_px)
    accelerator = accelerator_for(recipe)
    sides = _some_of(train), _some_of(test)
    every = ceil(recipe.epochs / LOOKS)
    looks: list[Look] = []

    def report(progress: Progress) -> None:
        if tell:
            tell(progress.step, progress.steps)
        epoch, rest = divmod(progress.step, progress.steps // recipe.epochs)
        if not rest and (epoch % every == 0 or epoch == recipe.epochs):
            looks.append(_look(network, epoch, *sides, accelerator.device))
            network.train()

    with TemporaryDirectory() as scratch, gradient_sizes(network) as sizes:
        fitted = fit(
            network,
            train,
            valid,
            recipe,
            seed=seed,
            checkpoint=Path(scratch) / "last.safetensors",
            accelerator=accelerator,
            report=report,
        )
    calls = score(fitted.network, test, accelerator.device).logit >= 0
    course = Course(
        parameters=sum(weight.numel() for weight in network.parameters()),
        looks=tuple(looks),
        chosen=_look(fitted.network, fitted.best_epoch, *sides, accelerator.device),
        gradients=_by_epoch(sizes, len(fitted.history)),
        calls="".join(map(str, calls.astype(int))),
    )
    return Followed(fitted.network, course)


def _look(network: Network, epoch: int, train: Cells, test: Cells, device: torch.device) -> Look:
    """How `network` does on both sides; it is left in evaluation mode.

    Raises:
        ConfigError: If its loss is no longer finite.
    """
    train_loss, train_accuracy = _loss_and_accuracy(network, train, device)
    test_loss, test_accuracy = _loss_and_accuracy(network, test, device)
    if not np.isfinite((train_loss, test_loss)).all():
        raise ConfigError(
            f"a network of {sum(weight.numel() for weight in network.parameters()):,} weights "
            f"diverged by epoch {epoch}; choose another --seed"
        )
    return Look(
        epoch=epoch,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        test_loss=test_loss,
        test_accuracy=test_accuracy,
    )


def _loss_and_accuracy(network: Network, cells: Cells, device: torch.device) -> tuple[float, float]:
    """Mean cross-entropy, and share of cells called what they are."""
    logit = torch.from_numpy(score(network, cells, device).logit)
    truth = torch.from_numpy(cells.truth[cells.indexes])
    loss = functional.binary_cross_entropy_with_logits(logit, truth)
    return float(loss), float(((logit >= 0) == (truth >= 0.5)).float().mean())


def _some_of(cells: Cells) -> Cells:
    """At most `CELLS_LOOKED_AT` of the cells, drawn at random, the same ones each time."""
    if len(cells) <= CELLS_LOOKED_AT:
        return cells
    drawn = np.random.default_rng(0).choice(cells.indexes, CELLS_LOOKED_AT, replace=False)
    return Cells(cells.pictures, cells.truth, np.sort(drawn))


def _by_epoch(sizes: list[list[float]], epochs: int) -> tuple[tuple[float, ...], ...]:
    """Of sizes a step [layers][steps]: those of the first step, then the means of each epoch."""
    if not sizes:
        return ()
    steps = np.array(sizes).T  # [steps, layers]
    rows = [steps[0], *(part.mean(0) for part in np.split(steps, epochs))]
    return tuple(tuple(row.tolist()) for row in rows)
