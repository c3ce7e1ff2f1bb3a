"""A recipe: everything that decides what a training makes of given cells."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
)

from laveran.cells.crop import procedure
from laveran.errors import ConfigError
from laveran.networks.layers import Settings
from laveran.networks.network import NetworkSpec
from laveran.networks.zoo import member

SHIPPED = ("fast", "balanced", "accurate", "finetuned")


class Augmentation(Settings):
    """What may differ between two pictures of one cell. Zero switches a change off.

    Attributes:
        turns: Any of the eight flips and turns of the square, each as likely.
        rotate_degrees: Further rotation, uniform in plus or minus this.
        scale: Zoom, uniform in 1 plus or minus this.
        shift: Shift as a share of the side, uniform in plus or minus this, both ways.
        stain: Gain of each colour channel, uniform in 1 plus or minus this.
        brightness: Offset of each colour channel as a share of white, plus or minus.
        blur: Largest weight of a 3 x 3 blur mixed into a picture.
    """

    turns: bool = True
    rotate_degrees: float = Field(0.0, ge=0, le=180)
    scale: float = Field(0.0, ge=0, lt=1)
    shift: float = Field(0.0, ge=0, lt=0.5)
    stain: float = Field(0.0, ge=0, lt=1)
    brightness: float = Field(0.0, ge=0, lt=1)
    blur: float = Field(0.0, ge=0, le=1)


PointName = Literal["accuracy", "probability=0.5", "specificity=0.99", "specificity=0.998"]


class Recipe(Settings):
    """Settings of one training; unknown keys are refused, values are checked.

    Attributes:
        network: What is trained; a name means that member of the zoo (`laveran.networks.zoo`).
        size_px: Side of the network's square input.
        crop: Name of the crop-to-input procedure (`laveran.cells.crop`).
        augmentation: Changes made to training pictures.
        epochs: Passes over the training cells.
        batch_size: Cells a step, over all processes together.
        learning_rate: Peak of the one-cycle schedule (Smith & Topin 2018, arXiv:1708.07120).
        warm_up: Share of the steps in which the rate rises.
        l1: Weight of the sum of absolute weights in the loss.
        l2: Decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101).
        label_smoothing: Share of the label given to the other class, halved.
        teacher_share: Share of the teachers' opinion in what a student is to answer; the rest is
            the label, and all of it on cells of control patients. Without teachers, labels alone
            count.
        control_weight: What a cell of a patient without any parasitized cell counts in the loss;
            others count 1. These labels are the surest, and what lies upon these cells
            (platelets, deposit) is what a network takes for a parasite.
        trimmed_share: Share of the parasitized cells of each step, those of the highest losses,
            that count nothing after a third of the epochs: so many are empty cells, labelled
            parasitized by mistake.
        mislabelled: Share of the uninfected cells that are labelled parasitized, as a blind
            re-reading tells: above 0, the probability is that of a parasite, not of the label.
        average_decay: Decay a step of the exponential moving average of the weights.
        patience: Epochs whose loss on the valid patients is clearly above the lowest before the
            fit stops.
        precision: "fp32", or mixed with "bf16" or "fp16" where the device is faster so.
        operating_point: Which threshold the model calls at where nobody names another:
            "accuracy" meets the labels as published, "probability=0.5" is where a parasite is as
            likely as not, "specificity=0.99" (or 0.998) where 99% (99.8%) of the controls' cells
            are negative.
        searched_on: Checksum of the cells that a search chose the recipe on, whose figures with
            it are optimistic; empty if none did.
    """

    name: str
    network: NetworkSpec
    size_px: int = Field(64, ge=8, le=1024)
    crop: str = "letterbox-v1"
    augmentation: Augmentation = Augmentation()
    epochs: int = Field(12, ge=1)
    batch_size: int = Field(128, ge=2)
    learning_rate: float = Field(4e-3, gt=0)
    warm_up: float = Field(0.25, gt=0, lt=1)
    l1: float = Field(0.0, ge=0)
    l2: float = Field(0.01, ge=0)
    label_smoothing: float = Field(0.05, ge=0, lt=1)
    teacher_share: float = Field(0.7, ge=0, le=1)
    control_weight: float = Field(1.0, gt=0)
    trimmed_share: float = Field(0.0, ge=0, lt=1)
    mislabelled: float = Field(0.0, ge=0, lt=1)
    average_decay: float = Field(0.99, ge=0, lt=1)
    patience: int = Field(5, ge=1)
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    operating_point: PointName = "accuracy"
    searched_on: str = ""

    @field_validator("network", mode="before")
    @classmethod
    def _of_the_zoo(cls, network: Any) -> Any:
        if not isinstance(network, str):
            return network
        try:
            return member(network)
        except ConfigError as error:
            raise ValueError(str(error)) from error

    @model_serializer(mode="wrap")
    def _told(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """All values; `searched_on` only where a search chose the recipe."""
        values: dict[str, Any] = plain(self)
        if not self.searched_on:
            values.pop("searched_on", None)  # it may have been excluded
        return values

    def to_toml(self) -> str:
        """The recipe as TOML that `read_recipe` reads back.

        Example:
            >>> parse_recipe(load_recipe("fast").to_toml()) == load_recipe("fast")
            True
        """
        return tomli_w.dumps(self.model_dump(mode="json"))

    def replace(self, **changes: Any) -> Recipe:
        """A copy with other values, checked again; None leaves a value as it is.

        Example:
            >>> load_recipe("fast").replace(epochs=1).epochs
            1
        """
        given = {key: value for key, value in changes.items() if value is not None}
        return _checked({**self.model_dump(), **given}, f"recipe {self.name}")


def load_recipe(name: str) -> Recipe:
    """A shipped recipe by name, or one's own by the path of a TOML file.

    Raises:
        ConfigError: If there is none, or a value in it cannot work.

    Example:
        >>> load_recipe("fast").name
        'fast'
    """
    if name in SHIPPED:
        shipped = resources.files("laveran.training") / "recipes" / f"{name}.toml"
        return parse_recipe(shipped.read_text(encoding="utf-8"), f"recipe {name}")
    path = Path(name)
    if path.suffix != ".toml":
        raise ConfigError(
            f"no recipe is called {name!r}; "
            f"shipped are {', '.join(SHIPPED)}, your own is given as the path of a .toml file"
        )
    try:
        return parse_recipe(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise ConfigError(f"cannot read the recipe {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the recipe {path} is no text in UTF-8") from error


def parse_recipe(text: str, where: str = "recipe") -> Recipe:
    """The recipe that TOML `text` describes; `where` names it in errors."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from error
    return _checked(values, where)


def _checked(values: dict[str, Any], where: str) -> Recipe:
    """`values` as a recipe; the first thing that cannot work, in one sentence."""
    try:
        recipe = Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{where}: {place}: {first['msg']}") from error
    procedure(recipe.crop)
    return recipe
