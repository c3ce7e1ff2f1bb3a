"""Monte Carlo dropout: one network asked several times, each time without some of its units.

Dropout trains many networks that share their weights; left on when it predicts, the passes are
samples of a Bayesian posterior (Gal and Ghahramani 2016, arXiv:1506.02142, section 4), so one
training gives what looks like an ensemble.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from laveran.errors import ConfigError
from laveran.networks.network import Network

CELLS_AT_ONCE = 512


class Averaged(NamedTuple):
    """What several opinions on N cells average to, as the model file of an ensemble has it.

    Attributes:
        logit: Mean logit [N].
        probability: Of that mean logit [N].
        disagreement: Standard deviation of the single probabilities [N].
    """

    logit: Tensor
    probability: Tensor
    disagreement: Tensor

    @classmethod
    def of(cls, logits: Tensor) -> Self:
        """The average of M opinions, float [M, N], M at least 2.

        Example:
            >>> found = Averaged.of(torch.tensor([[0.0, 2.0], [0.0, -2.0]]))
            >>> found.probability, found.disagreement
            (tensor([0.5000, 0.5000]), tensor([0.0000, 0.5385]))
        """
        logit = logits.mean(0)
        return cls(logit, torch.sigmoid(logit), torch.sigmoid(logits).std(0))


@torch.no_grad()
def monte_carlo(
    network: Network, cells: Tensor, passes: int = 20, *, seed: int = 0, temperature: float = 1.0
) -> Averaged:
    """What `network` says of cells over several passes with dropout; batch norm as in inference.

    Where only the embedding is dropped, the rest of the network is computed once. The head is
    linear, so the mean logit then tends to that without dropout, and its variance is
    `p / (1 - p) * sum((weight * embedding) ** 2)` for a dropped share p: such passes can tell
    doubt, but no better answer.

    Args:
        network: One whose spec has dropout; it is left in the modes that it came in.
        cells: [N, 3, S, S], 0..255, float or uint8, N at least 1, on the network's device.
        passes: How many, at least 2.
        seed: Decides what is dropped; torch's own generator is left as it was.
        temperature: What logits are divided by.

    Raises:
        ConfigError: If the network has no dropout, or there are fewer than 2 passes.

    Example:
        >>> from laveran.networks.network import build
        >>> from laveran.networks.stack import plain
        >>> network = build(plain((8, 16), head_dropout=0.3), size_px=32)
        >>> monte_carlo(network, torch.zeros(4, 3, 32, 32), passes=5).disagreement.shape
        torch.Size([4])
    """
    if passes < 2:
        raise ConfigError(f"{passes} passes cannot disagree; ask for 2 and more")
    if not _dropping(network):
        raise ConfigError(
            "the network has no dropout to leave on; train it with head_dropout above 0"
        )
    devices = [cells.device] if cells.is_cuda else []
    with torch.random.fork_rng(devices), _dropout_alone(network):
        torch.manual_seed(seed)
        parts = [
            _asked(network, part.float(), passes) for part in torch.split(cells, CELLS_AT_ONCE)
        ]
    return Averaged.of(torch.cat(parts, dim=1) / temperature)


def _asked(network: Network, cells: Tensor, passes: int) -> Tensor:
    """The logits of several passes, [T, N]."""
    if _dropping(network.features):
        return torch.stack([network(cells) for _ in range(passes)])
    embedding = network.embed(cells)  # [N, D]
    each = [network.head(network.dropout(embedding)) for _ in range(passes)]  # T of [N, 1]
    return torch.stack(each).squeeze(2)


def _dropping(module: nn.Module) -> list[nn.Module]:
    """The layers inside that drop something in training."""
    return [
        part
        for part in module.modules()
        if isinstance(part, nn.Dropout | nn.Dropout2d | nn.Dropout3d) and part.p
    ]


@contextmanager
def _dropout_alone(network: Network) -> Iterator[None]:
    """Dropout as in training, all else as in inference; then as it was."""
    before = [(part, part.training) for part in network.modules()]
    try:
        network.eval()
        for part in _dropping(network):
            part.train()
        yield
    finally:
        for part, training in before:
            part.training = training
