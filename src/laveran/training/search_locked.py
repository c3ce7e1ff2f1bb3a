"""The locked patients: opened once, at the end, for one recipe.

The opening is a study of its own, and the first trial that is queued in it names the recipe:
trials are only ever added, so of all processes that come to the end the first decides. Whoever
comes later, or again after a kill, finds that recipe there and fits no other; and of several
that come at once, only the one whose trial has the lowest number fits at all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import optuna
from optuna.trial import TrialState

from laveran.training.recipe import Recipe, parse_recipe
from laveran.training.search_study import BEGUN, Storage, wait_for_others

OPENING = "laveran search: locked patients"
UNDER_WAY = (TrialState.WAITING, TrialState.RUNNING, TrialState.COMPLETE)
Measure = Callable[[Recipe], dict[str, Any]]


class Opening:
    """What is known of the opening.

    Attributes:
        number: The trial whose recipe it is for.
        recipe: That recipe.
    """

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        first = study.get_trials(deepcopy=False)[0].user_attrs
        self.number: int = first["trial"]
        self.recipe: Recipe = parse_recipe(first["recipe"])

    @classmethod
    def find(cls, storage: Storage) -> Opening | None:
        """The opening in `storage`, None if nobody has begun it."""
        with suppress(KeyError):
            study = optuna.load_study(study_name=OPENING, storage=storage.engine)
            return cls(study) if study.get_trials(deepcopy=False) else None
        return None

    @classmethod
    def begin(cls, storage: Storage, number: int, recipe: Recipe) -> Opening:
        """Begin it for the recipe of trial `number`, unless it was begun before."""
        study = optuna.create_study(
            storage=storage.engine, study_name=OPENING, direction="maximize", load_if_exists=True
        )
        if not study.get_trials(deepcopy=False):
            study.enqueue_trial({}, user_attrs={"trial": number, "recipe": recipe.to_toml()})
        return cls(study)

    @property
    def metrics(self) -> dict[str, Any] | None:
        """The figures on the locked patients; None until they are known."""
        done = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return dict(done[0].user_attrs["metrics"]) if done else None

    def finish(self, measure: Measure) -> dict[str, Any] | None:
        """Have the recipe measured, unless that is done, or another process is at it.

        Args:
            measure: Fits the recipe and gives the figures on the locked patients.

        Returns:
            The figures; None if another process is at it.
        """
        wait_for_others(self._study)
        states = [trial.state for trial in self._study.get_trials(deepcopy=False)]
        if not any(state in UNDER_WAY for state in states):  # it was interrupted
            first = self._study.get_trials(deepcopy=False)[0]
            self._study.enqueue_trial({}, user_attrs=first.user_attrs)
            states.append(TrialState.WAITING)
        if TrialState.WAITING in states and TrialState.COMPLETE not in states:
            self._study.optimize(lambda trial: self._measured(trial, measure), n_trials=1)
        return self.metrics

    def _measured(self, trial: optuna.Trial, measure: Measure) -> float:
        """The area under the ROC curve of the locked patients, the other figures noted."""
        trial.set_user_attr(BEGUN, True)
        taken = any(
            other.number < trial.number and other.state in (TrialState.RUNNING, TrialState.COMPLETE)
            for other in self._study.get_trials(deepcopy=False)
        )
        if taken:  # another process queued it too, at the same moment, and was faster
            raise optuna.TrialPruned
        metrics = measure(self.recipe)
        trial.set_user_attr("metrics", metrics)
        return float(metrics["auroc"]["value"])
