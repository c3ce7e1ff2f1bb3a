"""Fitting an autoencoder: a small loop that goes on after a kill.

As in the classifier's loop, everything random in an epoch comes from generators seeded by (seed,
epoch), so that a checkpoint at each epoch's end is enough to reach the very same weights.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from laveran.errors import ConfigError, ModelError
from laveran.model.prediction import Watch
from laveran.networks.autoencoder import AutoencoderNetwork, Bound
from laveran.training.augment import turn
from laveran.training.checkpoint import (
    Checkpoint,
    network_tensors,
    optimizer_tensors,
    read_checkpoint,
    restore_optimizer,
)

RATE, BATCH = 4e-3, 16  # small batches: the more steps an epoch, the fewer epochs are needed
WARM_UP = 0.2  # share of the steps in which the learning rate rises
MEASURING_BATCH = 256
STAGE = "train autoencoder"

Pictures = NDArray[np.uint8]  # [N, S, S, 3] RGB
Epoch = dict[str, float]


def to_cells(pictures: Pictures) -> Tensor:
    """Pictures uint8 [N, S, S, 3] as the network takes them: float [N, 3, S, S] in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255


def batches(pictures: Pictures) -> Iterator[Tensor]:
    """All pictures in order, some at a time, as the network takes them."""
    for start in range(0, len(pictures), MEASURING_BATCH):
        yield to_cells(pictures[start : start + MEASURING_BATCH])


@torch.no_grad()
def measured_bound(network: AutoencoderNetwork, pictures: Pictures, seed: int = 0) -> Bound:
    """The bound of each of the pictures, one code a cell drawn by `seed`."""
    generator = Generator().manual_seed(seed)
    network.eval()
    parts = [network.bound(cells, generator) for cells in batches(pictures)]
    return Bound(
        torch.cat([part.reconstruction for part in parts]),
        torch.cat([part.divergence for part in parts]),
    )


class Fitting:
    """The state of a fit that a checkpoint holds, and an epoch of work on it.

    Attributes:
        history: A row an epoch: `train_` and, with other cells to measure, `test_` terms of the
            bound in nats a cell, `sigma`, the standard deviation of a pixel in 0..1, and `seconds`.
    """

    def __init__(
        self,
        network: AutoencoderNetwork,
        pictures: Pictures,
        *,
        epochs: int,
        seed: int,
        beta: float = 1.0,
    ) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.pictures, self.epochs, self.seed, self.beta = pictures, epochs, seed, beta
        self.steps_an_epoch = max(1, len(pictures) // BATCH)
        self.optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
        steps = epochs * self.steps_an_epoch
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: rate_share(step, steps)
        )
        self.history: list[Epoch] = []

    def run(self, test: Pictures | None, checkpoint: Path | None, watch: Watch | None) -> None:
        """All epochs that are left."""
        if checkpoint:
            self.resume(checkpoint)
        while len(self.history) < self.epochs:
            started = time.perf_counter()
            row = self.epoch(watch)
            if test is not None:
                row |= terms(measured_bound(self.network, test), "test")
            if not all(np.isfinite(value) for value in row.values()):
                raise ConfigError(
                    f"the bound is not finite after epoch {len(self.history)}; try another seed"
                )
            row["seconds"] = round(time.perf_counter() - started, 3)
            self.history.append(row)
            if checkpoint:
                self.state().write(checkpoint)
        self.network.eval()

    def epoch(self, watch: Watch | None) -> Epoch:
        """One pass over the cells, each turned by one of eight symmetries; its mean terms."""
        number = len(self.history)
        generator = Generator().manual_seed(_seed(self.seed, number))
        order = np.random.default_rng((self.seed, number)).permutation(len(self.pictures))
        self.network.train()
        rows = []
        for step in range(self.steps_an_epoch):
            chosen = np.sort(order[step * BATCH : (step + 1) * BATCH])
            rows.append(self._step(turn(to_cells(self.pictures[chosen]), generator), generator))
            if watch:
                done = number * self.steps_an_epoch + step + 1
                watch(STAGE, done, self.epochs * self.steps_an_epoch, {"sigma": self.sigma})
        mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        return {"epoch": number + 1, **mean, "sigma": self.sigma}

    def _step(self, cells: Tensor, generator: Generator) -> Epoch:
        """One step of the optimizer; the terms of the batch."""
        bound = self.network.bound(cells.contiguous(memory_format=torch.channels_last), generator)
        loss = -bound.value(self.beta).mean() / cells[0].numel()  # a pixel's share: Adam's scale
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.schedule.step()
        return terms(bound, "train")

    @property
    def sigma(self) -> float:
        """Standard deviation of a pixel about the decoder's answer, in 0..1."""
        return float(self.network.variance.sqrt())

    def settings(self) -> dict[str, Any]:
        """What decides the fit: a checkpoint of other settings is of another one."""
        return {
            "spec": self.network.spec.model_dump(mode="json"),
            "epochs": self.epochs,
            "seed": self.seed,
            "beta": self.beta,
            "pictures": hashlib.sha256(self.pictures.tobytes()).hexdigest(),
        }

    def state(self) -> Checkpoint:
        """Everything that `resume` needs."""
        return Checkpoint(
            tensors={
                "network": network_tensors(self.network),
                "optimizer": optimizer_tensors(self.optimizer),
            },
            numbers={
                "settings": self.settings(),
                "history": self.history,
                "groups": self.optimizer.state_dict()["param_groups"],
                "schedule": self.schedule.state_dict(),
            },
        )

    def resume(self, path: Path) -> None:
        """Go on from the checkpoint at `path`; from the start if there is none.

        Raises:
            ModelError: If it is of another fit.
        """
        checkpoint = read_checkpoint(path)
        if checkpoint is None:
            return
        if checkpoint.numbers.get("settings") != self.settings():
            raise ModelError(
                f"{path} is of another training (its settings differ); delete it to start anew"
            )
        self.network.load_state_dict(checkpoint.tensors["network"])
        restore_optimizer(
            self.optimizer, checkpoint.tensors["optimizer"], checkpoint.numbers["groups"]
        )
        self.schedule.load_state_dict(checkpoint.numbers["schedule"])
        self.history = checkpoint.numbers["history"]


def terms(bound: Bound, part: str) -> Epoch:
    """Mean terms of a bound, in nats a cell, by name."""
    return {
        f"{part}_bound": bound.value().mean().item(),
        f"{part}_reconstruction": bound.reconstruction.mean().item(),
        f"{part}_divergence": bound.divergence.mean().item(),
    }


def rate_share(step: int, steps: int) -> float:
    """Share of the learning rate at a step: up in the first fifth, then down along a cosine.

    >>> [round(rate_share(step, 100), 3) for step in (0, 10, 20, 60, 100)]
    [0.05, 0.55, 1.0, 0.5, 0.0]
    """
    rising = (step + 1) / (WARM_UP * steps)
    if rising < 1:
        return rising
    done = (step / steps - WARM_UP) / (1 - WARM_UP)
    return (1 + math.cos(math.pi * max(0.0, done))) / 2


def _seed(*numbers: int) -> int:
    """One seed out of several numbers, unlike for neighbours."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)
