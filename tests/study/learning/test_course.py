"""A training that is looked at goes as one that is not; what is seen is what there was."""

import numpy as np
import pytest
import torch
from torch import nn

from laveran.errors import ConfigError
from laveran.networks.highway_layer import Highway
from laveran.networks.layers import Block, Conv
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build
from laveran.networks.stack import StackSpec, plain
from laveran.study.learning.course import follow
from laveran.study.learning.gradients import gradient_sizes
from laveran.training import Augmentation, Recipe
from laveran.training.batches import Cells, score
from laveran.training.loop import fit
from laveran.training.train import accelerator_for

PICTURES = np.random.default_rng(1).integers(0, 120, (36, 16, 16, 3), dtype=np.uint8)
TRUTH = (np.arange(36) % 2).astype(np.float32)
PICTURES[1::2] += 100  # half of the cells are brighter, and are the parasitized ones
TRAIN, TEST = (Cells(PICTURES, TRUTH, part) for part in (np.arange(24), np.arange(24, 36)))
RECIPE = Recipe(
    name="tiny",
    network=plain((4, 8), per_stage=1),
    size_px=16,
    augmentation=Augmentation(turns=False),
    epochs=3,
    batch_size=8,
    learning_rate=0.02,
    average_decay=0,
)


@pytest.fixture(scope="module")
def followed():
    return follow(RECIPE, TRAIN, TEST, seed=3)


def test_looking_changes_nothing(followed, tmp_path):
    torch.manual_seed(3)
    alone = build(RECIPE.network, 16)
    settings = {"seed": 3, "checkpoint": tmp_path / "last.safetensors"}
    fitted = fit(alone, TRAIN, None, RECIPE, accelerator=accelerator_for(RECIPE), **settings)
    for one, other in zip(
        followed.network.state_dict().values(), fitted.network.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_every_epoch_is_looked_at_and_the_last_is_chosen(followed):
    course = followed.course
    assert [look.epoch for look in course.looks] == [1, 2, 3]
    assert course.chosen == course.looks[-1]
    assert course.looks[-1].train_loss < course.looks[0].train_loss


def test_calls_and_accuracy_are_those_of_the_network(followed):
    called = score(followed.network, TEST, torch.device("cpu")).logit >= 0
    assert followed.course.calls == "".join("01"[int(each)] for each in called)
    right = np.mean(called == (TRUTH[24:] == 1))
    assert followed.course.chosen.test_accuracy == pytest.approx(right)


def test_many_epochs_are_looked_at_seldom():
    recipe = RECIPE.replace(epochs=53, batch_size=24)
    epochs = [look.epoch for look in follow(recipe, TRAIN, TEST).course.looks]
    assert epochs == [*range(3, 53, 3), 53]


def test_an_early_stop_leaves_the_weights_that_it_chose():
    recipe = RECIPE.replace(epochs=30, patience=1, learning_rate=0.05)
    course = follow(recipe, TRAIN, TEST, valid=TEST, seed=0).course
    assert course.chosen.epoch <= len(course.gradients) - 1 < 30


def test_averaged_weights_are_refused():
    with pytest.raises(ValueError, match="average_decay"):
        follow(RECIPE.replace(average_decay=0.9), TRAIN, TEST)


def test_a_row_of_gradients_at_the_start_and_one_an_epoch(followed):
    rows = np.array(followed.course.gradients)
    assert rows.shape == (1 + 3, 2)
    assert (rows > 0).all()
    perceptron = RECIPE.replace(network=MlpSpec(hidden=(3,)), epochs=1)
    assert follow(perceptron, TRAIN, TEST).course.gradients == ()


def test_the_first_row_is_the_gradient_of_the_first_step():
    recipe = RECIPE.replace(batch_size=24, epochs=1, label_smoothing=0)
    found = follow(recipe, TRAIN, TEST, seed=5).course.gradients[0]
    torch.manual_seed(5)
    network = build(recipe.network, 16).train()
    batch = TRAIN.batch(np.arange(24), torch.device("cpu"))
    nn.functional.binary_cross_entropy_with_logits(
        network(batch.pictures), batch.targets
    ).backward()
    weights = [part.weight for part in network.modules() if isinstance(part, nn.Conv2d)]
    expected = [float(weight.grad.abs().mean()) for weight in weights]
    assert found == pytest.approx(expected, rel=1e-3)


def test_gates_are_left_out_and_hooks_taken_away():
    layers = (Conv(filters=4, stride=2), Block(filters=4), Highway())
    network = build(StackSpec(layers=layers), 8)
    with gradient_sizes(network) as sizes:
        network(torch.zeros(2, 3, 8, 8)).sum().backward()
    assert [len(each) for each in sizes] == [1, 1, 1, 1]
    network(torch.zeros(2, 3, 8, 8)).sum().backward()
    assert [len(each) for each in sizes] == [1, 1, 1, 1]


def test_a_fit_that_diverges_is_told_in_a_sentence():
    with pytest.raises(ConfigError, match="diverged by epoch 1"):
        follow(RECIPE.replace(learning_rate=1e30), TRAIN, TEST, seed=3)
