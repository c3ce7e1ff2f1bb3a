"""The training loop.

Everything random in an epoch comes from generators seeded by (seed, epoch), so a
checkpoint at each epoch's end is enough for a killed training to go on and reach
the very weights that an undisturbed one reaches.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, broadcast_object_list
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from laveran.errors import ConfigError, ModelError
from laveran.metrics import fit_temperature
from laveran.networks.network import Network
from laveran.training.augment import augment
from laveran.training.batches import Cells, score
from laveran.training.checkpoint import (
    Checkpoint,
    network_tensors,
    optimizer_tensors,
    read_checkpoint,
    restore_optimizer,
)
from laveran.training.recipe import Recipe

SMALLEST_WEIGHT = 1e-6  # of a batch of which nothing counts


@dataclass(frozen=True)
class Progress:
    """Where a fit is, after each step: for a progress bar."""

    step: int
    steps: int
    epoch: int
    train_loss: float
    valid_loss: float | None
    valid_accuracy: float | None


@dataclass(frozen=True)
class Fit:
    """What a fit leaves: the network holds the chosen weights; one history row an epoch."""

    network: Network
    history: list[dict[str, float]]
    best_epoch: int


def fit(
    network: Network,
    train: Cells,
    valid: Cells | None,
    recipe: Recipe,
    *,
    seed: int,
    checkpoint: Path,
    accelerator: Accelerator,
    report: Callable[[Progress], None] | None = None,
) -> Fit:
    """Train `network` in place, going on from `checkpoint` if that file is there.

    The weights that count are the exponential moving average. With `valid`, those of
    the last epoch are kept whose loss on the valid patients is within a standard error of
    the lowest, and the fit stops when there was none for `recipe.patience` epochs;
    without, the last are.

    Args:
        network: Fresh network, already holding its start weights.
        train: Cells to fit.
        valid: Cells of other patients for early stopping; None to fit all epochs.
        recipe: How.
        seed: Decides order, augmentation and dropout.
        checkpoint: File to write after each epoch.
        accelerator: Device, precision and processes.
        report: Called after each step.

    Raises:
        ConfigError: If the loss is no longer finite, or there are more processes than
            cells in a batch.
        ModelError: If `checkpoint` is of another training.
    """
    trainer = _Trainer(network, train, recipe, seed, accelerator)
    trainer.resume(checkpoint)
    while not trainer.finished(has_valid=valid is not None):
        started = time.perf_counter()
        rate = trainer.rate
        train_loss = trainer.epoch(report)
        row = {"epoch": trainer.epochs_done, "train_loss": train_loss, "learning_rate": rate}
        if valid is not None:
            row |= trainer.validate(valid)
        row["seconds"] = round(time.perf_counter() - started, 3)
        trainer.record(row)
        if accelerator.is_main_process:
            trainer.state().write(checkpoint)
        accelerator.wait_for_everyone()
    network.load_state_dict(trainer.best)
    accelerator.unwrap_model(trainer.network, keep_fp32_wrapper=False)  # bf16 ends here
    return Fit(network.eval(), trainer.history, trainer.best_epoch)


class _Trainer:
    """The state that a checkpoint holds, and one epoch of work on it."""

    def __init__(
        self, network: Network, train: Cells, recipe: Recipe, seed: int, accelerator: Accelerator
    ) -> None:
        if min(len(train), recipe.batch_size) < accelerator.num_processes:
            raise ConfigError(
                f"{accelerator.num_processes} processes cannot share batches of "
                f"{min(len(train), recipe.batch_size)} cells; start fewer"
            )
        self.train, self.recipe, self.seed, self.accelerator = train, recipe, seed, accelerator
        self.plain = network.to(accelerator.device).to(memory_format=network.layout)
        self.average = copy.deepcopy(self.plain).eval()
        optimizer = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.l2
        )
        self.network, self.optimizer = accelerator.prepare(self.plain, optimizer)
        self.steps_an_epoch = max(1, len(train) // recipe.batch_size)
        # not prepared by accelerate, which would step it once a process
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer.optimizer,
            recipe.learning_rate,
            total_steps=recipe.epochs * self.steps_an_epoch,
            pct_start=_warm_up(recipe.warm_up, recipe.epochs * self.steps_an_epoch),
        )
        self.history: list[dict[str, float]] = []
        self.best = network_tensors(self.plain)
        self.best_epoch = 0

    @property
    def epochs_done(self) -> int:
        """Whole epochs so far."""
        return self.schedule.last_epoch // self.steps_an_epoch

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return float(self.schedule.get_last_lr()[0])

    def finished(self, *, has_valid: bool) -> bool:
        """All epochs are done, or `patience` of them since the best one."""
        waited = self.epochs_done - self.best_epoch
        return self.epochs_done >= self.recipe.epochs or (
            has_valid and waited >= self.recipe.patience
        )

    def epoch(self, report: Callable[[Progress], None] | None) -> float:
        """One pass over the training cells; the mean loss."""
        number = self.epochs_done
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        torch.manual_seed(_seed(self.seed, number, rank))  # dropout
        generator = torch.Generator().manual_seed(_seed(self.seed, number, rank + 1))
        order = np.random.default_rng((self.seed, number)).permutation(len(self.train))
        self.network.train()
        total = 0.0
        for step in range(self.steps_an_epoch):
            rows = order[step * self.recipe.batch_size : (step + 1) * self.recipe.batch_size]
            total += self._step(rows[rank::world], generator)
            if report:
                report(self._progress(total / (step + 1)))
        self._agree()
        mean = torch.tensor(total / self.steps_an_epoch, device=self.accelerator.device)
        return float(self.accelerator.reduce(mean, "mean"))

    def _agree(self) -> None:
        """Give all processes the first one's running statistics: each has seen other cells."""
        for buffer in (*self.plain.buffers(), *self.average.buffers()):
            buffer.copy_(broadcast(buffer))

    def _step(self, rows: NDArray[np.int64], generator: torch.Generator) -> float:
        """One step of the optimizer on the cells at `rows`; the loss."""
        recipe = self.recipe
        batch = self.train.batch(rows, self.accelerator.device)
        cells = augment(batch.pictures, recipe.augmentation, generator)
        cells = cells.contiguous(memory_format=self.plain.layout)
        target = batch.targets * (1 - recipe.label_smoothing) + recipe.label_smoothing / 2
        with self.accelerator.autocast():
            logit = self.network(cells)
        losses = functional.binary_cross_entropy_with_logits(
            logit.float(), target, reduction="none"
        )
        weights = batch.weights
        if self.epochs_done >= recipe.epochs / 3:  # before, the losses tell too little
            weights = trim(weights, losses.detach(), batch.truth, recipe.trimmed_share, generator)
        loss = (losses * weights).sum() / weights.sum().clamp_min(SMALLEST_WEIGHT)
        if recipe.l1:
            loss = loss + recipe.l1 * _absolute_weights(self.plain)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.optimizer.step()
        self.schedule.step()
        _follow(self.average, self.plain, self._decay())
        return float(loss.detach())

    def _decay(self) -> float:
        """Decay of the average; short memory at first, when the weights are still random."""
        steps = self.schedule.last_epoch
        return min(self.recipe.average_decay, steps / (steps + 10))

    def validate(self, valid: Cells) -> dict[str, float]:
        """Loss, its standard error, and accuracy of the averaged weights on the valid patients.

        The loss is that of probabilities calibrated to the labels: else a network that grows
        surer would seem to grow worse, for some labels are wrong.
        """
        raw = score(self.average, valid, self.accelerator.device).logit
        if not np.isfinite(raw).all():
            raise self._diverged()
        true = valid.truth[valid.indexes]
        logit = torch.from_numpy(raw / np.float32(fit_temperature(raw, true)))
        truth = torch.from_numpy(true)
        losses = functional.binary_cross_entropy_with_logits(logit, truth, reduction="none")
        right = ((logit >= 0) == (truth >= 0.5)).float().mean()
        return {
            "valid_loss": float(losses.mean()),
            "valid_loss_error": float(losses.std(correction=0)) / len(losses) ** 0.5,
            "valid_accuracy": float(right),
        }

    def _diverged(self) -> ConfigError:
        """What to raise where the weights have run away."""
        return ConfigError(
            f"the loss is not finite after epoch {self.epochs_done}; "
            f"lower the recipe's learning_rate of {self.recipe.learning_rate}"
        )

    def record(self, row: dict[str, float]) -> None:
        """Add an epoch to the history, the first process's row in all processes.

        The averaged weights are kept if no epoch so far was better by more than its
        standard error (the rule of Breiman et al. 1984, CART, section 3.4.3): of epochs that
        the few valid patients cannot tell apart the latest counts, where the learning rate
        is lowest.
        """
        row = broadcast_object_list([row])[0]
        if not all(np.isfinite(value) for value in row.values()):
            raise self._diverged()
        self.history.append(row)
        if "valid_loss" in row:
            lowest = min(self.history, key=lambda epoch: epoch["valid_loss"])
            if row["valid_loss"] > lowest["valid_loss"] + lowest["valid_loss_error"]:
                return
        self.best, self.best_epoch = network_tensors(self.average), self.epochs_done

    def state(self) -> Checkpoint:
        """Everything that `resume` needs."""
        scaler = self.accelerator.scaler
        return Checkpoint(
            tensors={
                "network": network_tensors(self.plain),
                "average": network_tensors(self.average),
                "best": self.best,
                "optimizer": optimizer_tensors(self.optimizer.optimizer),
            },
            numbers={
                "history": self.history,
                "best_epoch": self.best_epoch,
                "groups": self.optimizer.optimizer.state_dict()["param_groups"],
                "schedule": self.schedule.state_dict(),
                "scaler": scaler.state_dict() if scaler else None,
            },
        )

    def resume(self, path: Path) -> None:
        """Go on from the checkpoint at `path`; from the start if there is none."""
        checkpoint = read_checkpoint(path)
        if checkpoint is None:
            return
        try:
            self._restore(checkpoint)
        except (KeyError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path} is of another training ({error}); delete it to start anew"
            ) from error

    def _restore(self, checkpoint: Checkpoint) -> None:
        """Undo `state`."""
        tensors, numbers = checkpoint.tensors, checkpoint.numbers
        self.plain.load_state_dict(tensors["network"])
        self.average.load_state_dict(tensors["average"])
        self.best, self.best_epoch = tensors["best"], numbers["best_epoch"]
        restore_optimizer(self.optimizer.optimizer, tensors.get("optimizer", {}), numbers["groups"])
        self.schedule.load_state_dict(numbers["schedule"])
        if numbers["scaler"] and self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(numbers["scaler"])
        self.history = numbers["history"]

    def _progress(self, train_loss: float) -> Progress:
        """Live figures after a step."""
        last: dict[str, Any] = self.history[-1] if self.history else {}
        return Progress(
            step=self.schedule.last_epoch,
            steps=self.recipe.epochs * self.steps_an_epoch,
            epoch=self.schedule.last_epoch // self.steps_an_epoch,
            train_loss=train_loss,
            valid_loss=last.get("valid_loss"),
            valid_accuracy=last.get("valid_accuracy"),
        )


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move `average` towards `network` (Polyak & Juditsky 1992); buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
    for kept, current in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(current)


def _absolute_weights(network: nn.Module) -> Tensor:
    """Sum of |w| over weights of more than one dimension: biases and batch norm are spared."""
    return torch.stack([w.abs().sum() for w in network.parameters() if w.ndim > 1]).sum()


def _warm_up(share: float, steps: int) -> float:
    """`share`, or a little more where the schedule would divide by a phase of no length."""
    return share if share * steps != 1 else 1.01 * share


def trim(
    weights: Tensor, losses: Tensor, truth: Tensor, share: float, generator: torch.Generator
) -> Tensor:
    """`weights` [N] with a zero for the parasitized cells whose losses are the highest.

    The small-loss trick of co-teaching (Han et al. 2018, arXiv:1804.06872) for one class: an
    empty cell labelled parasitized is common, a parasite labelled uninfected is rare.

    Args:
        weights: What each cell counts [N].
        losses: Of each cell [N].
        truth: 1 parasitized, 0 uninfected, between them where readers are in doubt [N].
        share: Of the parasitized cells to leave out; what is less than a cell decides chance.
        generator: Source of that chance.
    """
    parasitized = torch.nonzero(truth == 1).squeeze(1)
    count = int(share * len(parasitized) + torch.rand(1, generator=generator).item())
    worst = losses[parasitized].topk(min(count, len(parasitized))).indices
    return weights.index_fill(0, parasitized[worst], 0.0)


def _seed(*numbers: int) -> int:
    """One 64-bit seed out of several numbers, unlike for neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
