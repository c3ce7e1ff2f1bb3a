"""What a search was asked: the data, the division of the patients, and what decides a trial."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from optuna.trial import FixedTrial, FrozenTrial

import laveran
from laveran.cells.manifest import Manifest
from laveran.model.prediction import Watch
from laveran.training.feed import Feed, prepare_cells
from laveran.training.job import Job
from laveran.training.recipe import Recipe, load_recipe
from laveran.training.search_division import Division
from laveran.training.search_space import Space, draw, starting_point
from laveran.training.train import accelerator_for


@dataclass(frozen=True)
class Task:
    """Everything that all trials share; the arguments of `search`, checked.

    Attributes:
        data: Zip or folder of cell pictures.
        labels: Table of names and labels, or None.
        patients: Tables of names and patients.
        out: Folder of the search.
        space: What may be chosen.
        folds: Into how many the patients that are searched on are divided.
        epochs: Of each fit but the first of a trial.
        seed: Decides locked patients, folds, first weights and order.
        species: For the model file.
        licence: For the model file.
        watch: Called with (stage, done, total, live figures).
    """

    data: Path | str
    labels: Path | str | None
    patients: Sequence[Path | str]
    out: Path
    space: Space
    folds: int
    epochs: int
    seed: int
    species: str
    licence: str
    watch: Watch | None
    _feeds: dict[tuple[str, int], Feed] = field(default_factory=dict)

    def feed(self, recipe: Recipe) -> Feed:
        """The cells as `recipe` wants them."""
        key = (recipe.crop, recipe.size_px)
        if key not in self._feeds:
            self._feeds[key] = prepare_cells(
                self.data,
                self.labels,
                patients=self.patients,
                crop=recipe.crop,
                size_px=recipe.size_px,
                watch=self.watch,
            )
        return self._feeds[key]

    @cached_property
    def first_feed(self) -> Feed:
        """The cells at the smallest size, for what no size changes."""
        recipe = load_recipe(self.space.recipes[0])
        return self.feed(recipe.replace(size_px=min(self.space.sizes_px)))

    @property
    def manifest(self) -> Manifest:
        """The cells."""
        return self.first_feed.manifest

    @cached_property
    def division(self) -> Division:
        """Folds and locked patients."""
        return Division.of(self.manifest, self.folds, self.seed)

    @property
    def settings(self) -> dict[str, Any]:
        """What all who join the search must agree on."""
        return {
            "data_sha256": self.manifest.checksum,
            "seed": self.seed,
            "folds": self.folds,
            "epochs": self.epochs,
            "space": self.space.to_json(),
            "laveran": laveran.__version__,
            "division_sha256": self.division.sha256,
        }

    @property
    def starts(self) -> dict[str, dict[str, Any]]:
        """The shipped recipes: tried first and never pruned, so that no search ends below them."""
        return {name: starting_point(name, self.space) for name in self.space.recipes}

    @property
    def place(self) -> str:
        """Whose budget a trial is charged to: this folder on this machine, as a checksum."""
        where = f"{platform.node()}:{self.out.resolve()}"
        return hashlib.sha256(where.encode()).hexdigest()[:16]

    def job(self, recipe: Recipe, watch: Watch | None) -> Job:
        """A training with `recipe` on these cells."""
        accelerator = accelerator_for(recipe)
        return Job(
            self.feed(recipe),
            recipe,
            self.seed,
            "patient",
            self.species,
            self.licence,
            accelerator,
            watch,
        )

    def recipe_of(self, trial: FrozenTrial) -> Recipe:
        """The recipe that a trial chose."""
        return draw(FixedTrial(trial.params), self.space).replace(epochs=self.epochs)
