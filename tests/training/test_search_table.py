import csv

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial

from laveran.training.search_table import ENOUGH, importances, rows, write

SPACE = {"network": CategoricalDistribution(("good", "bad")), "rate": FloatDistribution(0, 1)}


def trial(network, rate, *values, state=TrialState.COMPLETE, **noted):
    """A trial that reported some values; what is not finished has none to end with."""
    finished = state in (TrialState.COMPLETE, TrialState.PRUNED)
    return create_trial(
        state=state,
        value=values[-1] if values and finished else None,
        params={"network": network, "rate": rate},
        distributions=SPACE,
        intermediate_values=dict(enumerate(values, 1)),
        user_attrs=noted,
    )


@pytest.fixture
def study():
    return optuna.create_study(direction="maximize")


def test_a_setting_that_decides_is_important(study):
    for number in range(20):
        good = number % 2 == 0
        rate = (7 * number % 20) / 20  # has nothing to do with the value
        state = TrialState.COMPLETE if number % 3 else TrialState.PRUNED
        study.add_trial(trial("good" if good else "bad", rate, 0.9 + 0.05 * good, state=state))
    found = importances(study.trials)
    assert list(found) == ["network", "rate"]
    assert sum(found.values()) == pytest.approx(1)
    assert found["network"] > 0.6


def test_of_too_few_trials_nothing_is_said(study):
    for _ in range(ENOUGH - 1):
        study.add_trial(trial("good", 0.5, 0.9))
    study.add_trial(trial("good", 0.5, state=TrialState.FAIL))
    assert importances(study.trials) == {}


def test_where_trials_do_not_differ_nothing_mattered(study):
    for _ in range(ENOUGH):
        study.add_trial(trial("good", 0.5, 0.9))
    assert importances(study.trials) == {}


def test_the_table_says_how_each_trial_ended(study, tmp_path):
    study.add_trial(trial("good", 0.1, 0.8, 0.9, 0.95, folds=2, accuracy=0.9, blank=None))
    study.add_trial(trial("bad", 0.2, 0.7, state=TrialState.PRUNED, ended="out of time"))
    study.add_trial(trial("bad", 0.3, state=TrialState.FAIL, ended="failed", reason="not finite"))
    study.add_trial(trial("bad", 0.4, state=TrialState.FAIL))
    study.add_trial(trial("bad", 0.5, state=TrialState.WAITING))
    table = rows(study.trials)
    assert [row.number for row in table] == [0, 1, 2, 3]  # who waits has not begun
    assert [row.state for row in table] == ["complete", "out of time", "failed", "failed"]
    assert [row.value for row in table] == [0.95, 0.7, None, None]
    assert [row.reason for row in table] == ["", "", "not finite", "its process ended"]
    write(table, tmp_path / "trials.csv")
    with (tmp_path / "trials.csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert read[0] == {
        "trial": "0",
        "state": "complete",
        "mean_fold_auroc": "0.95",
        "folds": "2",
        "accuracy": "0.9",
        "blank": "",
        "seconds": "0.0",
        "reason": "",
        "network": "good",
        "rate": "0.1",
    }
