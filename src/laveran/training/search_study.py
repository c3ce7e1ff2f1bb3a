"""The study of a search: in a file, or on a server where several machines join it.

Optuna keeps it. Every process that works on a trial signs a heartbeat; a trial whose
heart stopped is marked failed by the next process that asks for work, and queued again.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, StorageInternalError
from optuna.pruners import SuccessiveHalvingPruner
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, ProgrammingError, SQLAlchemyError

from laveran.errors import ConfigError

STUDY = "laveran search"
HEARTBEAT_S, GRACE_S = 10, 60
# what a queued trial is for, and how often it killed its process; all else it comes to by itself
NAMES = ("trial", "recipe", "start", "deaths")
BEGUN = "begun"  # noted by a process that is at work on a trial
RETRIES = 2  # of a trial whose process died: what kills a process twice will kill it again
ATTEMPTS = 3  # to make the tables, which another process may be making at the same time


@dataclass(frozen=True)
class Storage:
    """Where studies are kept, and its name for a sentence (a password in it is hidden)."""

    engine: RDBStorage
    name: str


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


@contextmanager
def opened(url: str) -> Iterator[Storage]:
    """The storage at `url`; while it is open, its errors become one sentence.

    Raises:
        ConfigError: If the URL is none, its driver is not installed, the server does not
            answer, or it goes away.
    """
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)  # what it says stands in our own table
    name = _name(url)
    try:
        engine = _engine(url)
        try:
            with _quiet_heartbeats():
                yield Storage(engine, name)
        finally:
            engine.remove_session()
            engine.engine.dispose()
    except (SQLAlchemyError, StorageInternalError) as error:
        raise _no_answer(name, error) from error
    except UnboundLocalError as error:
        # optuna 5.0 stumbles in its own clean-up if the database goes away while a trial ends
        if not isinstance(error.__context__, StorageInternalError):
            raise
        raise _no_answer(name, error.__context__) from error


def _no_answer(name: str, error: Exception) -> ConfigError:
    """What became of the storage, by the first line that the database said."""
    said = error.__cause__ if isinstance(error, StorageInternalError) else error
    line = str(said or error).strip().partition("\n")[0]
    return ConfigError(
        f"the storage {name} does not answer: {line}; see that it is there and that the user may "
        f"write to it"
    )


@contextmanager
def _quiet_heartbeats() -> Iterator[None]:
    """Where the database is gone, the trial says so, and not its heartbeat as well."""
    before = threading.excepthook

    def heard(failed: threading.ExceptHookArgs) -> None:
        if not isinstance(failed.exc_value, SQLAlchemyError | StorageInternalError):
            before(failed)

    threading.excepthook = heard
    try:
        yield
    finally:
        threading.excepthook = before


def _name(url: str) -> str:
    """The URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (SQLAlchemyError, ValueError) as error:
        raise ConfigError(
            "the storage is no URL of a database; write it as "
            "postgresql+psycopg://user:password@host/database"
        ) from error


def _engine(url: str, attempts: int = ATTEMPTS) -> RDBStorage:
    """The storage, its tables made if it has none."""
    escaped = url.replace("{", "{{").replace("}", "}}")  # optuna would fill in what they enclose
    patient = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # heartbeats
            return RDBStorage(
                escaped,
                engine_kwargs={"pool_pre_ping": True, **patient},
                heartbeat_interval=HEARTBEAT_S,
                grace_period=GRACE_S,
                heartbeat_stale_trial_callback=queue_dead,
            )
    except (ImportError, ArgumentError) as error:
        raise ConfigError(
            f"there is no driver for {_name(url)} here; for PostgreSQL run: "
            f"pip install 'laveran[postgres]', and write postgresql+psycopg://user@host/database"
        ) from error
    except SQLAlchemyError as error:
        others_made_it = isinstance(error, IntegrityError | ProgrammingError)
        if attempts == 1 or not (others_made_it or "already exists" in str(error)):
            raise
        time.sleep(1)
        return _engine(url, attempts - 1)


def queue_again(study: optuna.Study, trial: FrozenTrial, **noted: int) -> None:
    """Queue the settings of a trial that was stopped, with what is `noted` of it."""
    first = trial.user_attrs.get("retry_of", trial.number)
    kept = {name: trial.user_attrs[name] for name in NAMES if name in trial.user_attrs}
    # what it was queued with counts too: it may have been stopped before it drew all of that
    choices = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    study.enqueue_trial(choices, user_attrs={**kept, "retry_of": first, **noted})


def queue_dead(study: optuna.Study, trial: FrozenTrial) -> None:
    """Queue the settings of a trial whose process died, unless that has happened too often."""
    deaths = trial.user_attrs.get("deaths", 0) + 1
    if deaths <= RETRIES:
        queue_again(study, trial, deaths=deaths)


def join(
    storage: Storage, settings: dict[str, Any], starts: Mapping[str, dict[str, Any]]
) -> optuna.Study:
    """The study of `storage`, begun with `settings` if there is none.

    Args:
        storage: Where it is.
        settings: What all who join must agree on.
        starts: Choices to be tried first, by name of the recipe that they are.

    Raises:
        ConfigError: If the study there was begun with other settings.
    """
    # Successive halving (Li et al. 2020, arXiv:1810.05934): each step costs about what all before
    # it did, and half of those who took it go on. It compares at the same step with every trial
    # that came so far, not with survivors alone as the median rule does, and needs no finished
    # trial first, so that many machines may start at once.
    pruner = SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    try:
        study = optuna.create_study(
            storage=storage.engine, study_name=STUDY, direction="maximize", pruner=pruner
        )
        begins = True  # of all that come at once one does
    except DuplicatedStudyError:
        study = optuna.load_study(storage=storage.engine, study_name=STUDY, pruner=pruner)
        begins = any(trial.state.is_finished() for trial in study.get_trials(deepcopy=False))
    if "settings" not in study.user_attrs:
        study.set_user_attr("settings", settings)
    require_same(storage, study, settings)
    if begins:  # or finds that the one who began it came no further
        for name, choices in starts.items():
            study.enqueue_trial(choices, user_attrs={"start": name}, skip_if_exists=True)
    return study


def begun_with(storage: Storage) -> dict[str, Any] | None:
    """The settings of the study in `storage`, None if there is no study."""
    with suppress(KeyError):
        study = optuna.load_study(study_name=STUDY, storage=storage.engine)
        settings: dict[str, Any] | None = study.user_attrs.get("settings")
        return settings
    return None


def require_same(storage: Storage, study: optuna.Study, settings: dict[str, Any]) -> None:
    """Refuse to work on a study that was begun with other data or settings.

    Raises:
        ConfigError: If so.
    """
    theirs = study.user_attrs["settings"]
    if theirs.get("data_sha256") != settings["data_sha256"]:
        raise ConfigError(
            f"the study in {storage.name} searches other data (checksum "
            f"{str(theirs.get('data_sha256'))[:12]}, not {settings['data_sha256'][:12]}); "
            f"give the same data, or another --out or --storage"
        )
    for name, value in settings.items():
        if theirs.get(name) != value:
            raise ConfigError(
                f"the study in {storage.name} was begun with {name} {theirs.get(name)}, not "
                f"{value}; give the same, or another --out or --storage"
            )


def fail_stale(study: optuna.Study) -> None:
    """Mark trials as failed whose process died, and queue them again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        optuna.storages.fail_stale_trials(study)


def running(study: optuna.Study) -> list[FrozenTrial]:
    """The trials that some process is working on."""
    trials: list[FrozenTrial] = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return trials


def wait_for_others(study: optuna.Study) -> int:
    """Wait until nobody works on a trial, but no longer than it takes to know the dead.

    Returns:
        How many trials still run.
    """
    last = time.monotonic() + GRACE_S + HEARTBEAT_S
    while True:
        fail_stale(study)
        if not running(study):
            return 0
        if time.monotonic() > last:
            break
        time.sleep(min(1.0, HEARTBEAT_S))
    for trial in running(study):
        if BEGUN not in trial.user_attrs:  # its process died before the first heartbeat
            study.tell(trial.number, state=TrialState.FAIL)
            queue_dead(study, trial)
    return len(running(study))


def figure_of(trial: FrozenTrial) -> float | None:
    """The trial's latest figure."""
    step = trial.last_step
    return None if step is None else float(trial.intermediate_values[step])


def best(trials: list[FrozenTrial]) -> FrozenTrial | None:
    """The best of the trials that came furthest; None if none has a figure.

    A figure over more folds says more, and figures compare at the same step only.
    """
    measured = [trial for trial in trials if trial.last_step is not None]
    return max(measured, key=lambda trial: (trial.last_step, figure_of(trial)), default=None)
