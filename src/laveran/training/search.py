"""The search for a recipe: many trials on most patients, then one look at the others."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import tomli_w

from laveran import files
from laveran.cells.skipped import write_skipped
from laveran.errors import ConfigError
from laveran.model.prediction import Watch
from laveran.training.feed import require_labels
from laveran.training.finding import Finding
from laveran.training.folder import RunFolder
from laveran.training.recipe import Recipe
from laveran.training.search_clock import Clock, seconds
from laveran.training.search_locked import Opening
from laveran.training.search_outcome import Search, write_outcome
from laveran.training.search_space import (
    Space,
    installed_backbones,
    require_backbones,
)
from laveran.training.search_study import (
    Storage,
    begun_with,
    best,
    join,
    opened,
    sqlite_url,
)
from laveran.training.search_task import Task
from laveran.training.search_trials import run_trials
from laveran.training.train import fit_division, parts_of_fold

FOLDS, EPOCHS = 3, 8


def search(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    budget: str = "60m",
    storage: str | None = None,
    trials: int | None = None,
    folds: int = FOLDS,
    epochs: int = EPOCHS,
    seed: int = 0,
    patients: Sequence[Path | str] = (),
    space: Space | None = None,
    species: str = "not stated",
    licence: str = "not stated",
    watch: Watch | None = None,
) -> Search:
    """Search for the recipe that does best on patients it never saw.

    A fifth of the cells, of whole patients, is locked away first. Trials fit recipes on the
    folds of the others; those that do worse than others did are pruned. When the budget is
    used up, the best recipe is fitted once more and measured on the locked patients: once,
    since on the folds that chose it the best of many trials looks better than it is.

    The same call goes on with a search that was stopped, and joins one that runs elsewhere
    if it names the same storage.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of names and labels; None where folders are the classes.
        out: Folder to write.
        budget: Wall-clock time such as "60m", over all calls with this `out`.
        storage: URL of a database for the study; None for a SQLite file in `out`.
        trials: Stop after so many, if the budget lasts.
        folds: Into how many the patients that are searched on are divided, at least 2.
        epochs: Of each fit; the first of a trial has a quarter of them.
        seed: Decides the locked patients, the folds, first weights and order.
        patients: Tables of names and patients.
        space: What may be chosen.
        species: For the model file: what the cells are infected with.
        licence: For the model file: of the weights.
        watch: Called with (stage, done, total, live figures).

    Raises:
        DataError: If the data cannot be used.
        ConfigError: If an option cannot work, the storage does not answer or holds the search
            of other data, or the budget is too small for a single figure.

    Example:
        >>> from laveran.training.search import search
        >>> found = search("cells.zip", "labels.csv", out="found")  # doctest: +SKIP
        >>> found.recipe.network.family  # doctest: +SKIP
        'stack'
    """
    clock = Clock(seconds(budget))
    _check(folds, epochs, seed, trials)
    own = Path(out) / "study.db"
    if not own.exists():
        RunFolder(Path(out)).check_free(resume=True)
    noted = _noted(RunFolder(Path(out)))
    task = Task(
        data=data,
        labels=labels,
        patients=patients,
        out=Path(out),
        space=space or Space(),
        folds=folds,
        epochs=epochs,
        seed=seed,
        species=species,
        licence=licence,
        watch=watch,
    )
    require_labels(task.first_feed, data)
    task.division  # noqa: B018 (too few patients are found out before anything is written)
    task.out.mkdir(parents=True, exist_ok=True)
    with opened(storage or sqlite_url(own)) as store:
        begun = begun_with(store)
        if noted and not begun:
            raise ConfigError(
                f"{store.name} knows nothing of the search in {task.out}; give the --storage of "
                f"that search, or choose another --out"
            )
        task = _agreed(task, begun)
        study = join(store, task.settings, task.starts)
        _claim(task, noted)
        if not Opening.find(store):
            _search(task, study, store, clock, trials)
        opening = Opening.find(store)
        if opening:
            opening.finish(lambda recipe: _measure(task, recipe))
        return write_outcome(task, study, opening)


def _check(folds: int, epochs: int, seed: int, trials: int | None) -> None:
    """Refuse numbers that cannot work, before anything costs time."""
    if folds < 2:
        raise ConfigError(f"{folds} folds leave nothing to learn from; ask for at least 2")
    if epochs < 1 or (trials is not None and trials < 1):
        raise ConfigError("a search needs at least one trial of one epoch")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError(
            "a trial is fitted by one process; instead of a launcher start the same command "
            "several times with one --storage"
        )
    if seed < 0:
        raise ConfigError(f"the seed is {seed}; it must not be negative")


def _agreed(task: Task, begun: dict[str, Any] | None) -> Task:
    """The task with the backbones that a study was begun with, or else those at hand."""
    if task.space.backbones is not None:
        require_backbones(task.space.backbones)
        return task
    backbones = tuple(begun["space"]["backbones"]) if begun else installed_backbones()
    require_backbones(backbones)
    return replace(task, space=replace(task.space, backbones=backbones))


def _noted(folder: RunFolder) -> dict[str, Any] | None:
    """What the folder's `config.toml` says of the search there; None if there is none.

    Raises:
        ConfigError: If it is no search's.
    """
    if not folder.config.exists():
        return None
    try:
        noted: dict[str, Any] = tomllib.loads(folder.config.read_text(encoding="utf-8"))["search"]
    except (KeyError, ValueError):
        raise ConfigError(
            f"{folder.path} is in use by something else; choose another --out"
        ) from None
    return noted


def _claim(task: Task, noted: dict[str, Any] | None) -> None:
    """Note in the folder what is searched, or find the same there.

    Raises:
        ConfigError: If another search is there.
    """
    folder = RunFolder(task.out)
    sources = {"data": str(task.data), "labels": str(task.labels or "")}
    if noted:
        if {**noted, **sources} != {**task.settings, **sources}:
            raise ConfigError(
                f"the search in {task.out} was begun with other data or settings "
                f"(see its config.toml); choose another --out"
            )
        return
    write_skipped(folder.skipped, task.first_feed.skipped)
    folder.write_cells(task.manifest, task.division.parts)
    files.write_text(folder.config, tomli_w.dumps({"search": {**sources, **task.settings}}))


def _search(
    task: Task, study: optuna.Study, store: Storage, clock: Clock, trials: int | None
) -> None:
    """Run trials until the budget is used up; then, if nobody else does, begin the opening."""
    if RunFolder(task.out).metrics.exists():
        raise ConfigError(
            f"the locked patients of {task.out} were opened before, but {store.name} knows nothing "
            f"of it; give the --storage of that search, or choose another --out"
        )
    others = run_trials(task, study, store, clock, trials)
    if others or Opening.find(store):
        return
    chosen = best(study.get_trials(deepcopy=False))
    if chosen is None:
        raise _no_figure(study, clock.budget_s)
    Opening.begin(store, chosen.number, task.recipe_of(chosen))


def _no_figure(study: optuna.Study, budget_s: float) -> ConfigError:
    """Why there is nothing to choose from."""
    reasons = [trial.user_attrs["reason"] for trial in study.trials if "reason" in trial.user_attrs]
    why = f"; the last one failed: {reasons[-1]}" if reasons else ""
    return ConfigError(
        f"no trial came to a figure within {budget_s:.0f} s; give a larger --budget, the search "
        f"goes on where it stopped{why}"
    )


def _measure(task: Task, recipe: Recipe) -> dict[str, Any]:
    """Fit `recipe` on all patients but the locked ones, and measure it on those."""
    job = task.job(recipe, task.watch)
    folder = RunFolder(task.out / "best")
    run = {"data_sha256": task.manifest.checksum, "seed": task.seed}
    folder.claim(tomli_w.dumps({"run": run, "recipe": recipe.model_dump(mode="json")}))
    parts = parts_of_fold(job, task.division.locked, 0)
    scored = fit_division(job, folder, parts, task.division.unit, "best recipe")
    return Finding.of(job, [scored], task.division.unit).to_json()
