"""What a search tried, as rows: for the table, the page, and the count of what mattered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from laveran import files
from laveran.report.search_charts import TrialRow
from laveran.training.search_study import figure_of
from laveran.training.search_trial import FAILED, OBJECTIVE, PRUNED

ENOUGH = 8  # trials with a value, to say anything of what mattered
STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: PRUNED,
    TrialState.FAIL: FAILED,
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
DIED = "its process ended"


def rows(trials: Sequence[FrozenTrial]) -> list[TrialRow]:
    """The trials in the order in which they ended; those that have not come last."""
    begun = [trial for trial in trials if trial.state != TrialState.WAITING]
    ended = sorted(begun, key=lambda t: (t.datetime_complete is None, t.datetime_complete or 0))
    return [_row(trial) for trial in ended]


def write(table: Sequence[TrialRow], path: Path) -> None:
    """Write `table` as CSV; the trial's value stands under the name of the objective."""
    settings = list(dict.fromkeys(name for row in table for name in row.params))
    head = ["trial", "state", OBJECTIVE, "folds", "accuracy", "blank", "seconds", "reason"]
    lines = []
    for row in table:
        figures = (row.value, row.folds, row.accuracy, row.blank, round(row.seconds, 1))
        chosen = [row.params.get(name, "") for name in settings]
        lines.append([row.number, row.state, *figures, row.reason, *chosen])
    files.write_csv(path, head + settings, lines)


def importances(trials: Sequence[FrozenTrial]) -> dict[str, float]:
    """Share of each setting in what made trials differ, the largest first; empty if too few did.

    Every trial counts by its latest value. A pruned one has that from fewer epochs or
    folds, which ranks it low, as it should be.
    """
    measured = [trial for trial in trials if figure_of(trial) is not None]
    if len(measured) < ENOUGH or len({figure_of(trial) for trial in measured}) == 1:
        return {}
    study = optuna.create_study(direction="maximize")
    for trial in measured:
        study.add_trial(
            optuna.create_trial(
                params=trial.params, distributions=trial.distributions, value=figure_of(trial)
            )
        )
    return dict(optuna.importance.get_param_importances(study))


def _row(trial: FrozenTrial) -> TrialRow:
    """A trial as a row."""
    noted = trial.user_attrs
    died = trial.state == TrialState.FAIL and "ended" not in noted
    return TrialRow(
        number=trial.number,
        state=noted.get("ended", STATES[trial.state]),
        value=figure_of(trial),
        folds=noted.get("folds", 0),
        accuracy=noted.get("accuracy"),
        blank=noted.get("blank"),
        seconds=noted.get("seconds", 0.0),
        params=trial.params,
        reason=noted.get("reason", DIED if died else ""),
    )
