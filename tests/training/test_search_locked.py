import pytest
from optuna.trial import TrialState

from laveran.training import load_recipe, search_study
from laveran.training.search_locked import Opening
from laveran.training.search_study import opened, sqlite_url

FAST, BALANCED = load_recipe("fast"), load_recipe("balanced")
FIGURES = {"auroc": {"value": 0.99, "low": None, "high": None}}


@pytest.fixture
def store(tmp_path):
    with opened(sqlite_url(tmp_path / "study.db")) as storage:
        yield storage


@pytest.fixture
def measured():
    """The recipes that were measured, and what measures them."""
    recipes = []

    def measure(recipe):
        recipes.append(recipe)
        return FIGURES

    return recipes, measure


def test_before_the_end_there_is_no_opening(store):
    assert Opening.find(store) is None


def test_the_first_names_the_recipe_for_all(store, measured):
    recipes, measure = measured
    first, second = Opening.begin(store, 3, FAST), Opening.begin(store, 4, BALANCED)
    for opening in (first, second, Opening.find(store)):
        assert (opening.number, opening.recipe) == (3, FAST)
        assert opening.finish(measure) == FIGURES
    assert recipes == [FAST]


def test_two_that_queue_it_at_once_measure_it_once(store, measured):
    recipes, measure = measured
    opening = Opening.begin(store, 3, FAST)
    opening._study.enqueue_trial({}, user_attrs={"trial": 4, "recipe": BALANCED.to_toml()})

    def slow(recipe):
        other = Opening.find(store)  # comes while this one measures
        other._study.optimize(lambda trial: other._measured(trial, measure), n_trials=1)
        return measure(recipe)

    assert opening.finish(slow) == FIGURES
    assert recipes == [FAST]
    states = [trial.state for trial in opening._study.trials]
    assert states == [TrialState.COMPLETE, TrialState.PRUNED]


def test_interrupted_it_is_finished_for_the_same_recipe(store, measured):
    recipes, measure = measured

    def interrupted(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Opening.begin(store, 3, FAST).finish(interrupted)
    assert Opening.find(store).metrics is None
    assert Opening.begin(store, 4, BALANCED).finish(measure) == FIGURES
    assert recipes == [FAST]


@pytest.mark.filterwarnings("ignore:Heartbeat of storage")
def test_while_another_process_measures_it_is_left_alone(store, measured, monkeypatch):
    monkeypatch.setattr(search_study, "GRACE_S", 0)
    monkeypatch.setattr(search_study, "HEARTBEAT_S", 0)
    recipes, measure = measured
    opening = Opening.begin(store, 3, FAST)
    opening._study.ask().set_user_attr(search_study.BEGUN, True)
    assert opening.finish(measure) is None
    assert recipes == []
