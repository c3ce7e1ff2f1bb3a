import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.errors import ConfigError
from laveran.networks.backbone import BackboneSpec
from laveran.networks.dense import dense
from laveran.networks.highway import highway
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build
from laveran.networks.stack import plain, residual
from laveran.training.recipe import SHIPPED, Augmentation, Recipe, load_recipe, parse_recipe

MINIMAL = """
name = "mine"
[network]
family = "stack"
layers = [{ kind = "conv", filters = 4 }]
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recipe_is_whole(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.augmentation.turns
    assert parse_recipe(recipe.to_toml()) == recipe
    assert build(recipe.network, recipe.size_px)


shares = st.floats(0, 0.49)
recipes = st.builds(
    Recipe,
    name=st.text(max_size=9),
    network=st.sampled_from(
        [
            plain((4, 8), activation="elu"),
            residual(),
            highway(),
            dense(),
            MlpSpec(hidden=(5, 3)),
            BackboneSpec(name="test_resnet", start="hub"),
            BackboneSpec(name="test_efficientnet", stages=2, stride_px=8),
        ]
    ),
    size_px=st.integers(8, 1024),
    augmentation=st.builds(Augmentation, turns=st.booleans(), scale=shares, shift=shares),
    epochs=st.integers(1, 999),
    learning_rate=st.floats(1e-9, 1e3),
    l1=st.floats(0, 1),
    average_decay=shares,
    precision=st.sampled_from(["fp32", "bf16", "fp16"]),
    searched_on=st.sampled_from(["", "ab12"]),
)


@given(recipes)
def test_a_recipe_survives_toml(recipe):
    assert parse_recipe(recipe.to_toml()) == recipe


def test_a_recipe_may_name_a_member_of_the_zoo():
    recipe = parse_recipe('name = "mine"\nnetwork = "highway"')
    assert recipe.network == highway()
    assert parse_recipe(recipe.to_toml()) == recipe
    with pytest.raises(ConfigError, match=r"recipe: network: .*no network is called 'lowway'"):
        parse_recipe('name = "mine"\nnetwork = "lowway"')


def test_only_a_recipe_that_was_searched_for_says_so():
    fast = load_recipe("fast")
    assert "searched_on" not in fast.to_toml()
    assert fast.model_dump(exclude={"searched_on", "name"}).keys() == fast.model_dump().keys() - {
        "name"
    }
    assert 'searched_on = "ab12"' in fast.replace(searched_on="ab12").to_toml()
    assert fast.replace(searched_on="ab12").replace(searched_on="") == fast


def test_defaults_fill_what_is_not_said():
    recipe = parse_recipe(MINIMAL)
    assert recipe.augmentation == Augmentation()
    assert recipe.crop == "letterbox-v1"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("epoch = 3", "epoch: Extra inputs"),
        ("epochs = 0", "epochs: "),
        ("batch_size = 1", "batch_size: "),
        ("learning_rate = nan", "learning_rate: "),
        ("learning_rate = inf", "learning_rate: "),
        ("l2 = inf", "l2: "),
        ("warm_up = 1.0", "warm_up: "),
        ("size_px = 4", "size_px: "),
        ('precision = "int8"', "precision: "),
        ('crop = "letterbox-v9"', "letterbox-v9"),
        ("augmentation = { blurr = 1 }", "augmentation.blurr: Extra inputs"),
        ("augmentation = { shift = 0.5 }", "augmentation.shift: "),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(line, reason):
    with pytest.raises(ConfigError) as refused:
        parse_recipe(f"{line}\n{MINIMAL}", "my.toml")
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        ("[]", "at least one convolution"),
        ('[{ kind = "conv", filters = 4, stride = 16 }]', "stride by 16 px"),
        ('[{ kind = "conv", filters = 4, kernel = 2 }]', "needs an odd kernel"),
        ('[{ kind = "conv", filter = 4 }]', "filters"),
        ('[{ kind = "dense", filters = 4 }]', "layers.0"),
    ],
)
def test_a_network_that_cannot_work_is_refused_with_its_place(layers, reason):
    text = f'name = "x"\n[network]\nfamily = "stack"\nlayers = {layers}'
    with pytest.raises(ConfigError, match=r"^my\.toml: network") as refused:
        parse_recipe(text, "my.toml")
    assert reason in str(refused.value)


def test_a_network_must_say_its_family():
    with pytest.raises(ConfigError, match="family"):
        parse_recipe('name = "x"\n[network]\nname = "resnet18"')


def test_what_is_no_toml_is_refused():
    with pytest.raises(ConfigError, match=r"my\.toml is not valid TOML"):
        parse_recipe("name = ", "my.toml")


def test_an_own_recipe_is_given_by_its_path(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL)
    assert load_recipe(str(path)).name == "mine"


def test_an_unknown_recipe_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="no recipe is called 'quick'; shipped are fast"):
        load_recipe("quick")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_recipe(str(tmp_path / "none.toml"))


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes('name = "caf\xe9"'.encode("latin-1"))
    with pytest.raises(ConfigError, match="no text in UTF-8"):
        load_recipe(str(path))


def test_replace_checks_again():
    recipe = load_recipe("fast")
    assert recipe.replace(epochs=3, seed=None).epochs == 3
    assert recipe.replace(epochs=None) == recipe
    with pytest.raises(ConfigError, match="recipe fast: epochs"):
        recipe.replace(epochs=0)
