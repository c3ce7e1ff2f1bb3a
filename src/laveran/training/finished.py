"""A finished run, read back from its folder: for comparing runs and telling their story."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tomli_w

from laveran.cells.manifest import Manifest, read_manifest
from laveran.errors import ConfigError, DataError, ModelError
from laveran.metrics import Evaluation
from laveran.model.contract import ACCURACY
from laveran.model.runtime import Model, load
from laveran.training.folder import Predictions, RunFolder
from laveran.training.recipe import Recipe, parse_recipe

FROM_SCRATCH, FINE_TUNED, ENSEMBLE = "from scratch", "fine-tuned", "ensemble"
KINDS = (FROM_SCRATCH, FINE_TUNED, ENSEMBLE)


@dataclass(frozen=True)
class FinishedRun:
    """What a training left, opened by `open_run`.

    Attributes:
        folder: Where it is.
    """

    folder: RunFolder

    @property
    def name(self) -> str:
        """The folder as it was given."""
        return self.folder.path.as_posix()

    @cached_property
    def metrics(self) -> Mapping[str, Any]:
        """What is in `metrics.json`."""
        return self.folder.read_metrics() or {}

    @property
    def protocol(self) -> str:
        """How the figures were got, in one sentence."""
        return str(self.metrics["protocol"])

    @cached_property
    def evaluation(self) -> Evaluation:
        """The figures on patients never seen, as they were published.

        Raises:
            ModelError: If one is missing.
        """
        try:
            return Evaluation.from_json(self.metrics)
        except DataError as error:
            raise ModelError(f"{self.folder.metrics} is damaged: {error}") from error

    @property
    def threshold(self) -> float:
        """On the probability, where the model meets the labels as published.

        Raises:
            ModelError: If the run has none.
        """
        for point in self.metrics.get("operating_points", ()):
            if point["name"] == ACCURACY:
                return float(point["threshold"])
        raise ModelError(f"{self.folder.metrics} holds no operating point {ACCURACY}; train again")

    @cached_property
    def predictions(self) -> Predictions:
        """What the networks of `fits` say of the patients that they never saw."""
        return self.folder.read_predictions()

    @cached_property
    def cells(self) -> Manifest:
        """The cells of the run."""
        return read_manifest(self.folder.path / "cells.csv")

    @property
    def patients(self) -> dict[str, str]:
        """Patient by name of cell, where one is known."""
        return {cell.name: cell.patient for cell in self.cells if cell.patient}

    @property
    def fits(self) -> list[RunFolder]:
        """The folds whose networks made the predictions; the run itself where it has none."""
        folds = [RunFolder(file.parent) for file in self.folder.path.glob("folds/*/metrics.json")]
        return sorted(folds, key=lambda fold: int(fold.path.name)) or [self.folder]

    @cached_property
    def history(self) -> list[dict[str, float]]:
        """The epochs of all `fits`, each row with its `fold` where there are several."""
        histories = [(fit.read_metrics() or {}).get("history", []) for fit in self.fits]
        if len(histories) == 1:
            return list(histories[0])
        return [{"fold": fold, **row} for fold, rows in enumerate(histories) for row in rows]

    @cached_property
    def config(self) -> dict[str, Any]:
        """What is in `config.toml`.

        Raises:
            ModelError: If it is missing or damaged.
        """
        try:
            return tomllib.loads(self.folder.config.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{self.folder.config} cannot be read: {error}") from error

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe that the run was trained with.

        Raises:
            ModelError: If `config.toml` has none.
        """
        try:
            return parse_recipe(tomli_w.dumps(self.config["recipe"]), str(self.folder.config))
        except (KeyError, ConfigError) as error:
            raise ModelError(f"{self.folder.config} has no recipe to go by: {error}") from error

    @cached_property
    def model(self) -> Model:
        """The model file of the run."""
        return load(self.folder.path)

    @property
    def optimistic(self) -> bool:
        """Whether its figures promise more than new patients will keep."""
        return self.model.contract.optimistic

    @property
    def by_patient(self) -> bool:
        """Whether the patients are known and were kept whole."""
        by = self.config.get("run", {}).get("by", "patient")
        return self.evaluation.n_patients > 0 and by == "patient"

    @property
    def taught(self) -> bool:
        """Whether it learned from earlier runs beside the labels."""
        return bool(self.config.get("run", {}).get("teachers"))

    @property
    def reread(self) -> bool:
        """Whether readings stood for some labels in training."""
        return bool(self.config.get("run", {}).get("readings"))

    @property
    def kind(self) -> str:
        """One of `KINDS`: how the network of the model file came by its weights."""
        contract = self.model.contract
        if contract.members > 1:
            return ENSEMBLE
        return FINE_TUNED if contract.training.start_weights_sha256 else FROM_SCRATCH


def open_run(path: Path | str) -> FinishedRun:
    """Open a finished run.

    Args:
        path: Its folder.

    Raises:
        ModelError: If there is no run, or it is not finished.

    Example:
        >>> open_run("no-such-run")
        Traceback (most recent call last):
        laveran.errors.ModelError: no-such-run holds no finished run; ...
    """
    run = FinishedRun(RunFolder(Path(path)))
    if not run.metrics:
        raise ModelError(
            f"{path} holds no finished run; give a folder that `laveran train` wrote, "
            "or finish it with --resume"
        )
    return run
