"""One trial: a recipe, fitted fold after fold, pruned as soon as others did better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from laveran.errors import ConfigError
from laveran.metrics import auroc, calibrated, evaluate
from laveran.model.prediction import Watch
from laveran.training.batches import score
from laveran.training.folder import RunFolder
from laveran.training.search_clock import Clock
from laveran.training.search_space import draw
from laveran.training.search_study import BEGUN, best, figure_of, queue_again
from laveran.training.search_task import Task
from laveran.training.train import fit_parts

# The area under the ROC curve, not accuracy: it counts all cells and not only those near the
# threshold, so it tells recipes apart on fewer cells; and not the loss, to which each of the 4%
# wrong labels adds the more the surer a network is. The mean of the folds' areas, since the
# logits of two networks are on two scales.
OBJECTIVE = "mean_fold_auroc"
SHORT = 4  # the first fit of a trial lasts this part of the epochs
LAST_FIT = 2  # times a fit's time is kept for the last one, which has more cells and a report
PRUNED, STOPPED, FAILED = "pruned", "out of time", "failed"


class _OutOfTimeError(Exception):
    """The budget is used up; raised at an epoch's end."""


@dataclass(frozen=True)
class Fold:
    """What one fit says of cells that it never saw."""

    test: NDArray[np.bool_]  # [N]
    y_prob: NDArray[np.float64]  # of those cells


@dataclass(frozen=True)
class Contest:
    """What every trial takes part in; called with one, it gives the trial's value.

    Attributes:
        task: What was asked.
        clock: The time for trials.
    """

    task: Task
    clock: Clock

    def __call__(self, trial: optuna.Trial) -> float:
        """The mean area under the ROC curve over the folds.

        Raises:
            TrialPruned: If others did better, or the time is over.
            ConfigError: If the recipe cannot work.
        """
        trial.set_user_attr(BEGUN, True)
        trial.set_user_attr("place", self.task.place)
        # seeded by the trial: machines that join, or one that starts again, draw other numbers
        seed = np.random.SeedSequence((self.task.seed, trial.number)).generate_state(1)
        trial.study.sampler = optuna.samplers.TPESampler(seed=int(seed[0]), constant_liar=True)
        try:
            return _Course(self, trial).run()
        except KeyboardInterrupt:
            queue_again(trial.study, trial.study.trials[trial.number])
            raise
        except _OutOfTimeError:
            trial.set_user_attr("ended", STOPPED)
            raise optuna.TrialPruned from None
        except optuna.TrialPruned:
            trial.set_user_attr("ended", PRUNED)
            raise
        except ConfigError as error:
            trial.set_user_attr("ended", FAILED)
            trial.set_user_attr("reason", str(error))
            raise


def last_fit_s(leader: FrozenTrial | None) -> float:
    """Seconds to keep for the last fit if it is of this trial's recipe."""
    return LAST_FIT * float(leader.user_attrs.get("fit_seconds", 0.0)) if leader else 0.0


def trial_folder(folder: Path, number: int) -> Path:
    """Where a trial's checkpoints are while it runs."""
    return folder / "trials" / str(number)


class _Course:
    """One trial under way."""

    def __init__(self, contest: Contest, trial: optuna.Trial) -> None:
        self.task, self.clock, self.trial = contest.task, contest.clock, trial
        self.recipe = draw(trial, self.task.space)
        # a trial that is queued again finds the checkpoints of the one that died
        number = trial.user_attrs.get("retry_of", trial.number)
        self.folder = trial_folder(self.task.out, number)
        leader = best(trial.study.get_trials(deepcopy=False))
        self.kept_s = last_fit_s(leader)
        self.figures = {"best": figure_of(leader) or 0.0} if leader else {}
        self.started = self.epoch_started = monotonic()
        self.epoch_s = 0.0

    def run(self) -> float:
        """A short fit, then a whole one for each fold; a figure is reported after each."""
        epochs, slowest_s = self.task.epochs, 0.0
        value = self.report(1, [self.fit("short", 0, max(1, epochs // SHORT))])
        done: list[Fold] = []
        for number in range(self.task.folds):
            # asked in any case: the answer is kept, and later trials are compared with it
            if self.trial.should_prune() and "start" not in self.trial.user_attrs:
                raise optuna.TrialPruned
            self.check_time()
            started = monotonic()
            done.append(self.fit(f"fold-{number}", number, epochs))
            slowest_s = max(slowest_s, monotonic() - started)
            self.clock.keep(max(self.kept_s, LAST_FIT * slowest_s))
            self.trial.set_user_attr("folds", len(done))
            self.trial.set_user_attr("fit_seconds", round(slowest_s, 3))
            value = self.report(number + 2, done)
        return value

    def fit(self, name: str, fold: int, epochs: int) -> Fold:
        """Learn from the other folds, score this one; locked patients are on neither side."""
        job = self.task.job(self.recipe.replace(epochs=epochs), self.watch_of(epochs))
        learned, test = self.task.division.sides(fold)
        fitted = fit_parts(job, RunFolder(self.folder / name), learned, None, name)
        logit = score(fitted.network, job.cells(test), job.accelerator.device).logit
        return Fold(test, calibrated(logit))

    def report(self, step: int, done: list[Fold]) -> float:
        """Report the mean area of `done`; note the figures that do not decide."""
        manifest = self.task.manifest
        labels, groups = manifest.labels, manifest.groups
        value = float(np.mean([auroc(labels[fold.test], fold.y_prob) for fold in done]))
        test = np.concatenate([np.flatnonzero(fold.test) for fold in done])
        found = evaluate(
            labels[test],
            np.concatenate([fold.y_prob for fold in done]),
            groups[test],
            unit=manifest.grouping,
            resamples=0,
        )
        self.trial.set_user_attr("accuracy", found.accuracy.value)
        self.trial.set_user_attr("blank", found.blank_false_positive_rate.value)
        self.trial.report(value, step)
        return value

    def watch_of(self, epochs: int) -> Watch:
        """Hands on where the search is, and looks at the clock at the end of each epoch."""

        def watch(_: str, step: int, steps: int | None, figures: Mapping[str, float]) -> None:
            if self.task.watch:
                spent, budget = int(self.clock.spent_s), int(self.clock.budget_s)
                self.task.watch("search", spent, budget, {**self.figures, **figures})
            if not (steps and step % (steps // epochs)):
                self.end_epoch()
                if step != steps:  # what is fitted is scored first
                    self.check_time()

        return watch

    def end_epoch(self) -> None:
        """Note how long the epoch and the trial took."""
        now = monotonic()
        self.trial.set_user_attr("seconds", round(now - self.started, 3))
        self.epoch_s, self.epoch_started = now - self.epoch_started, now

    def check_time(self) -> None:
        """Stop if another epoch would run over.

        Raises:
            _OutOfTimeError: If so.
        """
        if self.clock.left_s < self.epoch_s:
            raise _OutOfTimeError
