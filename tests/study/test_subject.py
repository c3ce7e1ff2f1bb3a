"""Networks by name, from a recipe, from a run, and the shipped one."""

import numpy as np
import pytest
import torch

from laveran.errors import ConfigError, ModelError
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build, save
from laveran.networks.stack import plain
from laveran.networks.zoo import ZOO
from laveran.study.subject import PLANES, find_subject
from laveran.training.recipe import SHIPPED, load_recipe


def test_without_a_name_it_is_the_shipped_model():
    found = find_subject()
    assert (found.name, found.size_px, found.learned) == ("The shipped model", 48, True)
    assert not found.network.training


@pytest.mark.parametrize("name", [*SHIPPED, *ZOO])
def test_every_recipe_and_network_can_be_named(name):
    found = find_subject(name, size_px=32)
    assert (found.name, found.size_px, found.learned) == (name, 32, False)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    batch = found.batch(pictures)
    assert batch.shape == ((2, 3, PLANES, 32, 32) if name == "conv3d" else (2, 3, 32, 32))
    assert (batch[1, 2, ..., 7, 9] == int(pictures[1, 7, 9, 2])).all()
    assert found.network(batch).shape == (2,)


def test_a_recipe_of_ones_own_has_its_own_size(tmp_path):
    recipe = load_recipe("fast").replace(name="mine", size_px=40)
    path = tmp_path / "mine.toml"
    path.write_text(recipe.to_toml())
    found = find_subject(str(path))
    assert (found.name, found.size_px) == ("mine", 40)


def test_the_seed_decides_random_weights():
    first, again, other = (find_subject("plain", seed=seed).network for seed in (1, 1, 2))
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)


def test_a_runs_folder_gives_its_weights(tmp_path):
    spec = plain((4, 8))
    network = build(spec, 24)
    save([network], spec, 24, tmp_path)
    found = find_subject(str(tmp_path))
    assert (found.size_px, found.learned) == (24, True)
    assert torch.equal(found.network.head.weight, network.head.weight)
    assert find_subject(str(tmp_path), size_px=48).size_px == 48


def test_a_perceptron_has_one_size_only(tmp_path):
    spec = MlpSpec(hidden=(4,))
    save([build(spec, 8)], spec, 8, tmp_path)
    with pytest.raises(ConfigError, match="each pixel of 8 px cells; leave --size out"):
        find_subject(str(tmp_path), size_px=16)


def test_a_folder_without_a_network_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r"network\.json"):
        find_subject(str(tmp_path))


def test_an_unknown_name_is_answered_with_those_there_are():
    with pytest.raises(
        ConfigError, match=r"'nothing'.*fast, balanced, accurate, finetuned.*dense, mlp, conv3d"
    ):
        find_subject("nothing")
