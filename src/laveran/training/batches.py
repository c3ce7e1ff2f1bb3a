"""Cells on their way to the network: some of one part at a time, and what it says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from laveran.networks.network import Network

SCORING_BATCH = 512


class Batch(NamedTuple):
    """Some cells on the device."""

    pictures: Tensor  # float [n, 3, S, S] in 0..255; of focus stacks [n, 3, P, S, S]
    truth: Tensor  # float [n]
    targets: Tensor  # float [n], what the network is to answer
    weights: Tensor  # float [n]


@dataclass(frozen=True)
class Cells:
    """The cells of one part: what the loop reads.

    Attributes:
        pictures: uint8 [M, S, S, 3], or focus stacks [M, P, S, S, 3]: all cells at hand (a memory
            map may be far larger than RAM).
        truth: float32 [M], the probability that each cell is parasitized: its label, or what
            readers say.
        indexes: int64 [N], the cells of this part.
        targets: float32 [M], the probability that each cell is to be given; None: `truth`.
        weights: float32 [M], what each cell counts in the training loss; None: all alike.
    """

    pictures: NDArray[np.uint8]
    truth: NDArray[np.float32]
    indexes: NDArray[np.int64]
    targets: NDArray[np.float32] | None = None
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.indexes)

    def batch(self, rows: NDArray[np.int64], device: torch.device) -> Batch:
        """The cells at `rows` of this part, in file order, which a memory map likes."""
        chosen = np.sort(self.indexes[rows])
        pictures = torch.from_numpy(self.pictures[chosen]).to(device)
        truth = torch.from_numpy(self.truth[chosen]).to(device)
        targets, weights = truth, torch.ones_like(truth)
        if self.targets is not None:
            targets = torch.from_numpy(self.targets[chosen]).to(device)
        if self.weights is not None:
            weights = torch.from_numpy(self.weights[chosen]).to(device)
        return Batch(pictures.movedim(-1, 1).float(), truth, targets, weights)


class Scores(NamedTuple):
    """What a network says of N cells."""

    logit: NDArray[np.float32]  # [N]
    embedding: NDArray[np.float32]  # [N, D]


@torch.no_grad()
def score(network: Network, cells: Cells, device: torch.device) -> Scores:
    """What `network` says of `cells`, in their order (`cells.indexes` must ascend)."""
    network.eval()
    logits, embeddings = [torch.zeros(0)], [torch.zeros(0, network.head.in_features)]
    for start in range(0, len(cells), SCORING_BATCH):
        rows = np.arange(start, min(start + SCORING_BATCH, len(cells)))
        pictures = cells.batch(rows, device).pictures
        reading = network.read(pictures.contiguous(memory_format=network.layout))
        logits.append(reading.logit.float().cpu())
        embeddings.append(reading.embedding.float().cpu())
    return Scores(torch.cat(logits).numpy(), torch.cat(embeddings).numpy())
