"""The same depth with and without skip connections: what depth costs where there are none.

A deeper network could at least copy the shallower one, and yet a plain one comes to a higher
error on the very cells that it learns from; with shortcuts it does not (He et al. 2016,
arXiv:1512.03385, fig. 1; highways: Srivastava et al. 2015, arXiv:1505.00387).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from laveran.errors import ConfigError
from laveran.networks.highway_layer import Highway
from laveran.networks.layers import Block, Conv, Pool
from laveran.networks.stack import Layer, StackSpec
from laveran.study.kept import Kept
from laveran.study.learning.course import Course, follow
from laveran.study.sample import CROP
from laveran.training.batches import Cells
from laveran.training.recipe import Augmentation, Recipe

DEPTHS = (6, 26)
CELLS = 1000  # to learn from
SIZE_PX = 32
EPOCHS = 12
WIDTHS = (16, 32)  # filters of the two stages
KINDS: dict[str, Callable[[int], Sequence[Layer]]] = {
    # of a number of filters: two convolutions one behind the other, with or without a way around
    "plain": lambda filters: [Conv(filters=filters)] * 2,
    "residual": lambda filters: [Block(filters=filters)],
    "highway": lambda _: [Highway()] * 2,
}


@dataclass(frozen=True)
class Depth:
    """A network's kind, its convolutions one behind the other, and whether it has batch norm."""

    kind: str
    convolutions: int
    batch_norm: bool

    @property
    def name(self) -> str:
        """For a file."""
        return f"{self.kind}-{self.convolutions}-{'norm' if self.batch_norm else 'bare'}"


def depths_of(depths: Sequence[int]) -> list[Depth]:
    """Every kind of network with and without batch norm at these depths.

    Raises:
        ConfigError: If a depth is not 6, 10, 14, ... convolutions.

    Example:
        >>> [each.name for each in depths_of([6])][:2]
        ['plain-6-bare', 'plain-6-norm']
    """
    for depth in depths:
        if depth < 6 or depth % 4 != 2:
            raise ConfigError(
                f"a depth of {depth} convolutions cannot be built alike for all kinds; "
                "choose 6, 10, 14 and so on"
            )
    return [Depth(kind, depth, norm) for depth, kind, norm in product(depths, KINDS, (False, True))]


def network_of(depth: Depth) -> StackSpec:
    """The network: two stages with as many convolutions each, the first of each always plain.

    Plain and residual have the same parameters to the last one, since no shortcut has to change
    the number of maps; a highway's gates come on top.

    Example:
        >>> [layer.kind for layer in network_of(Depth("residual", 6, True)).layers]
        ['conv', 'pool', 'block', 'pool', 'conv', 'block']
    """
    pairs = (depth.convolutions - 2) // 4
    first, second = ([*KINDS[depth.kind](width)] * pairs for width in WIDTHS)
    layers = (
        *(Conv(filters=WIDTHS[0], kernel=5, stride=2), Pool(), *first),
        *(Pool(), Conv(filters=WIDTHS[1]), *second),
    )
    return StackSpec(layers=layers, batch_norm=depth.batch_norm)


def recipe_of(depth: Depth) -> Recipe:
    """How the network is trained: no augmentation, no penalty, so that nothing else holds it."""
    return Recipe(
        name=depth.name,
        network=network_of(depth),
        size_px=SIZE_PX,
        crop=CROP,
        augmentation=Augmentation(turns=False),
        epochs=EPOCHS,
        batch_size=32,
        learning_rate=1e-3,
        l2=0,
        label_smoothing=0,
        average_decay=0,
    )


def degrade(
    train: Cells, test: Cells, depths: Sequence[Depth], kept: Kept, *, repeats: int, seed: int
) -> dict[Depth, list[Course]]:
    """Fit every network, each `repeats` times from other weights in another order.

    Args:
        train: Cells to learn from.
        test: Cells of other patients.
        depths: The networks.
        kept: What is finished.
        repeats: Fits of each.
        seed: Of the first; the others count on from it.
    """

    def course(depth: Depth, number: int) -> Course:
        return kept.once(
            f"{depth.name}-{number}",
            Course,
            lambda tell: follow(recipe_of(depth), train, test, seed=number, tell=tell).course,
        )

    numbers = range(seed, seed + repeats)
    return {depth: [course(depth, number) for number in numbers] for depth in depths}
