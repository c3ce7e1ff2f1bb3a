"""Trial after trial, until the budget is used up or as many were run as were asked for."""

from __future__ import annotations

import shutil

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from laveran.errors import ConfigError
from laveran.training.search_clock import Clock
from laveran.training.search_locked import Opening
from laveran.training.search_study import Storage, best, require_same, wait_for_others
from laveran.training.search_task import Task
from laveran.training.search_trial import Contest, last_fit_s, trial_folder


def run_trials(
    task: Task, study: optuna.Study, store: Storage, clock: Clock, trials: int | None
) -> int:
    """Run trials as long as there is time and need, and the locked patients are locked.

    Args:
        task: What was asked.
        study: Where trials are noted.
        store: Where the study is.
        clock: The budget; what earlier calls spent is charged to it here.
        trials: How many are asked for, by all processes together; None for no limit.

    Returns:
        How many trials of other processes still run.
    """

    def more() -> bool:
        return clock.left_s > 0 and not _enough(study, trials) and not Opening.find(store)

    clock.charge(_spent_s(task, study))
    clock.keep(last_fit_s(best(study.get_trials(deepcopy=False))))
    while True:
        while more():
            require_same(store, study, task.settings)
            _run_trial(study, Contest(task, clock))
            clock.keep(last_fit_s(best(study.get_trials(deepcopy=False))))
        others = wait_for_others(study)
        if not more():  # there is more to do if one of the others was found dead
            return others


def _spent_s(task: Task, study: optuna.Study) -> float:
    """Seconds that trials of this folder took before."""
    return sum(
        float(trial.user_attrs.get("seconds", 0.0))
        for trial in study.get_trials(deepcopy=False)
        if trial.user_attrs.get("place") == task.place
    )


def _enough(study: optuna.Study, trials: int | None) -> bool:
    """Whether the asked number of trials have been begun; those that died do not count."""
    return trials is not None and trials <= sum(
        trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
        or "ended" in trial.user_attrs
        for trial in study.get_trials(deepcopy=False)
    )


def _run_trial(study: optuna.Study, contest: Contest) -> None:
    """One trial; its checkpoints stay if it is interrupted, so that it can go on."""
    given_up = []

    def objective(trial: optuna.Trial) -> float:
        try:
            return contest(trial)
        except UpdateFinishedTrialError:
            given_up.append(trial.number)
            raise

    def clear(_: optuna.Study, trial: FrozenTrial) -> None:
        number = trial.user_attrs.get("retry_of", trial.number)
        shutil.rmtree(trial_folder(contest.task.out, number), ignore_errors=True)

    try:
        study.optimize(objective, n_trials=1, catch=(ConfigError,), callbacks=[clear])
    except (UpdateFinishedTrialError, ValueError):
        # the machine slept, another process took the trial for dead and queued it again: let it be
        if not given_up:
            raise
