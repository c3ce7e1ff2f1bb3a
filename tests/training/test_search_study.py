import builtins

import optuna
import pytest
from optuna.trial import TrialState

from laveran.errors import ConfigError
from laveran.training import search_study
from laveran.training.search_study import (
    begun_with,
    best,
    fail_stale,
    join,
    opened,
    queue_again,
    require_same,
    sqlite_url,
    wait_for_others,
)

pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage")  # `ask` has none
SETTINGS = {"data_sha256": "a" * 64, "seed": 0, "space": {"sizes_px": [16]}}


@pytest.fixture
def store(tmp_path):
    with opened(sqlite_url(tmp_path / "study.db")) as storage:
        yield storage


@pytest.fixture
def study(store):
    return join(store, SETTINGS, {})


class TestForeignErrors:
    """Whatever is wrong with a storage is one sentence, which never shows a password."""

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("nonsense", "no URL of a database"),
            ("", "no URL of a database"),
            ("postgresql+psycopg://me:secret@localhost:port/db", "no URL of a database"),
            ("paper://me:secret@desk/drawer", "there is no driver for paper://me:***@desk"),
            ("postgresql+psycopg://me:secret@127.0.0.1:1/db", "does not answer"),
            ("postgresql+psycopg://me:{secret}@127.0.0.1:1/db", "does not answer"),
            ("sqlite:////nowhere/at/all/study.db", "unable to open database file"),
        ],
    )
    def test_a_url_that_cannot_work(self, url, reason):
        with pytest.raises(ConfigError) as refused, opened(url):
            pass
        assert reason in str(refused.value)
        assert "secret" not in str(refused.value)
        assert "\n" not in str(refused.value)

    def test_a_driver_that_is_not_installed(self, monkeypatch):
        whole = builtins.__import__

        def without(name, *args, **kwargs):
            if name.partition(".")[0] == "psycopg":
                raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
            return whole(name, *args, **kwargs)

        monkeypatch.setattr(builtins, "__import__", without)
        url = "postgresql+psycopg://me:secret@127.0.0.1/db"
        with pytest.raises(ConfigError, match=r"pip install 'laveran\[postgres\]'") as refused:
            opened(url).__enter__()
        assert "secret" not in str(refused.value)

    def test_a_file_that_is_no_database(self, tmp_path):
        (tmp_path / "study.db").write_text("a letter" * 1000)
        url = sqlite_url(tmp_path / "study.db")
        with pytest.raises(ConfigError, match="file is not a database"), opened(url):
            pass

    def test_a_database_that_goes_away(self, tmp_path):
        path = tmp_path / "study.db"

        def work():
            with opened(sqlite_url(path)) as store:
                study = join(store, SETTINGS, {})
                path.write_text("a letter" * 1000)
                study.ask()

        with pytest.raises(ConfigError, match=r"study\.db does not answer"):
            work()


class TestJoining:
    def test_a_study_is_begun_once_and_found_again(self, store, study):
        study.ask()
        assert begun_with(store) == SETTINGS
        assert len(join(store, SETTINGS, {}).trials) == 1

    def test_before_the_first_there_are_no_settings(self, store):
        assert begun_with(store) is None

    def test_starts_are_queued_by_the_first_and_by_who_finds_them_missing(self, store):
        starts = {"fast": {"x": 1.0}}
        first = join(store, SETTINGS, starts)
        assert [trial.user_attrs for trial in first.trials] == [{"start": "fast"}]
        both = starts | {"balanced": {"x": 2.0}}
        assert len(join(store, SETTINGS, both).trials) == 1  # the first may be about to
        first.tell(first.ask(), 0.9)
        assert len(join(store, SETTINGS, both).trials) == 2

    def test_other_data_are_refused(self, store):
        join(store, SETTINGS, {})
        with pytest.raises(ConfigError, match=r"searches other data \(checksum a{12}, not b{12}"):
            join(store, SETTINGS | {"data_sha256": "b" * 64}, {})

    @pytest.mark.parametrize("change", [{"seed": 1}, {"space": {"sizes_px": [32]}}])
    def test_other_settings_are_refused(self, store, study, change):
        (name,) = change
        with pytest.raises(ConfigError, match=f"was begun with {name} "):
            require_same(store, study, SETTINGS | change)

    def test_two_that_begin_at_once_are_told_apart_before_the_next_trial(self, store, study):
        study.set_user_attr("settings", SETTINGS | {"data_sha256": "b" * 64})
        with pytest.raises(ConfigError, match="searches other data"):
            require_same(store, study, SETTINGS)


def aged(study, trial, seconds):
    """Let the last heartbeat of a running trial be some seconds ago."""
    engine = study._storage._backend
    engine.record_heartbeat(trial._trial_id)
    with engine.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE trial_heartbeats SET heartbeat = datetime('now', ?) WHERE trial_id = ?",
            (f"-{seconds} seconds", trial._trial_id),
        )


class TestDeadProcesses:
    def begun(self, study, seconds):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        aged(study, trial, seconds)
        return trial

    def test_a_trial_whose_heart_stopped_fails_and_is_queued_again(self, study):
        dead = self.begun(study, 2 * search_study.GRACE_S)
        fail_stale(study)
        assert study.trials[0].state == TrialState.FAIL
        again = study.ask()
        assert again.suggest_float("x", 0, 1) == dead.params["x"]
        assert again.user_attrs == {"retry_of": 0, "deaths": 1}

    def test_a_trial_whose_heart_beats_is_left_alone(self, study):
        self.begun(study, 1)
        fail_stale(study)
        assert study.trials[0].state == TrialState.RUNNING

    def test_a_trial_that_kills_again_and_again_is_given_up(self, study):
        for _ in range(search_study.RETRIES + 1):
            self.begun(study, 2 * search_study.GRACE_S)
            fail_stale(study)
        assert [trial.state for trial in study.trials] == [TrialState.FAIL] * 3

    def test_a_trial_that_its_user_stops_is_queued_however_often(self, study):
        for number in range(search_study.RETRIES + 2):
            study.tell(study.ask(), state=TrialState.FAIL)
            queue_again(study, study.trials[number])
        assert study.trials[-1].state == TrialState.WAITING
        assert study.trials[-1].user_attrs == {"retry_of": 0}

    def test_what_a_queued_trial_is_for_is_kept_and_what_it_came_to_is_not(self, study):
        study.enqueue_trial({}, user_attrs={"recipe": "r", "trial": 7})
        trial = study.ask()
        trial.set_user_attr("seconds", 5.0)
        queue_again(study, study.trials[0])
        assert study.trials[1].user_attrs == {"recipe": "r", "trial": 7, "retry_of": 0}

    def test_others_are_waited_for_but_the_dead_are_not(self, study, monkeypatch):
        assert wait_for_others(study) == 0
        self.begun(study, 2 * search_study.GRACE_S)
        assert wait_for_others(study) == 0
        monkeypatch.setattr(search_study, "GRACE_S", 0)
        monkeypatch.setattr(search_study, "HEARTBEAT_S", 0)
        trial = study.ask()
        trial.set_user_attr(search_study.BEGUN, True)
        assert wait_for_others(study) == 1

    def test_who_died_before_the_first_heartbeat_is_waited_for_once(self, study, monkeypatch):
        monkeypatch.setattr(search_study, "GRACE_S", 0)
        monkeypatch.setattr(search_study, "HEARTBEAT_S", 0)
        study.enqueue_trial({"x": 0.25}, user_attrs={"start": "fast"})
        study.ask()
        assert wait_for_others(study) == 0
        assert study.trials[0].state == TrialState.FAIL
        again = study.ask()
        assert again.user_attrs == {"start": "fast", "retry_of": 0, "deaths": 1}
        assert again.suggest_float("x", 0, 1) == 0.25


def ended(*values, state=TrialState.PRUNED):
    """A trial that reported values."""
    return optuna.create_trial(
        state=state,
        value=values[-1] if values else None,
        intermediate_values=dict(enumerate(values, 1)),
    )


class TestBest:
    def test_who_came_furthest_wins_before_who_has_more(self):
        study = optuna.create_study(direction="maximize")
        for values in [(0.99,), (0.8, 0.95), (0.7, 0.96), ()]:
            study.add_trial(ended(*values))
        assert best(study.trials).number == 2

    def test_without_a_figure_there_is_no_best(self):
        assert best([ended()]) is None
        assert best([]) is None


def test_the_better_half_goes_on(study):
    """Successive halving: at each step a trial must be in the better half of all that came."""
    kept = []
    for value in (0.90, 0.80, 0.95, 0.92, 0.70, 0.94):
        trial = study.ask()
        trial.report(value, 1)
        kept.append(not trial.should_prune())
        study.tell(trial, value)
    assert kept == [True, False, True, True, False, True]
