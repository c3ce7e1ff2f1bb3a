"""A convolutional network and multilayer perceptrons to set beside it."""

from __future__ import annotations

from laveran.networks.mlp import MlpSpec
from laveran.networks.network import NetworkSpec, build
from laveran.networks.stack import plain
from laveran.study.sample import CROP
from laveran.training.recipe import Augmentation, Recipe

SIDE_PX = 64  # of the squares that the networks see
SHIFT = 0.25  # of the side, the most that a cell is shifted, both in training and in measuring
EPOCHS = 15
WIDE = 128  # neurons of the wider perceptron, those of the lecture's example
CNN, MLP, WIDE_MLP = "CNN", "MLP of equal size", f"MLP of {WIDE} neurons"
CENTRED, SHIFTED = "none", "shift"
AUGMENTATIONS = {
    CENTRED: Augmentation(turns=False),
    SHIFTED: Augmentation(turns=False, shift=SHIFT),
}


def networks() -> dict[str, NetworkSpec]:
    """The networks by name."""
    cnn = plain()
    return {
        CNN: cnn,
        MLP: equal_mlp(parameters_of(cnn, SIDE_PX), SIDE_PX),
        WIDE_MLP: MlpSpec(hidden=(WIDE,)),
    }


def parameters_of(spec: NetworkSpec, size_px: int) -> int:
    """Weights and biases of a network for inputs of this side.

    >>> parameters_of(MlpSpec(hidden=(1,), batch_norm=False), 32)  # 3,073 and the head's 2
    3075
    """
    return sum(weight.numel() for weight in build(spec, size_px).parameters())


def equal_mlp(parameters: int, size_px: int) -> MlpSpec:
    """The perceptron with one hidden layer whose parameters come nearest to these.

    Each neuron adds as many: a weight for every colour of every pixel, its batch norm and its
    weight in the head; so two perceptrons tell the line that is solved.

    Args:
        parameters: To come near to.
        size_px: Side of the input.

    Example:
        >>> equal_mlp(3075 + 4, 32).hidden, equal_mlp(70_801, 64).hidden
        ((1,), (6,))
    """
    one, two = (parameters_of(MlpSpec(hidden=(width,)), size_px) for width in (1, 2))
    return MlpSpec(hidden=(max(1, 1 + round((parameters - one) / (two - one))),))


def recipe_of(spec: NetworkSpec, augmentation: str) -> Recipe:
    """How a network is trained: all of them alike."""
    return Recipe(
        name="shift",
        network=spec,
        size_px=SIDE_PX,
        crop=CROP,
        augmentation=AUGMENTATIONS[augmentation],
        epochs=EPOCHS,
        batch_size=32,
        learning_rate=2e-3,
        l2=0.01,
        label_smoothing=0,
        average_decay=0,
    )
