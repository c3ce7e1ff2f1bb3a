"""Trials with fits that take no time: what is reported when, and how a trial ends."""

from types import SimpleNamespace

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from laveran.cells.manifest import Cell, Manifest
from laveran.errors import ConfigError
from laveran.training import search_trial
from laveran.training.search_division import Division
from laveran.training.search_space import Space
from laveran.training.search_study import join, opened, sqlite_url
from laveran.training.search_trial import Contest, trial_folder

pytestmark = pytest.mark.filterwarnings("ignore:Heartbeat of storage")
MANIFEST = Manifest(
    tuple(
        Cell(f"{p}/{i}.png", i % 2 if p < 9 else 0, f"P{p}", None, 9, 9, "0", "z")
        for p in range(12)
        for i in range(10)
    )
)
SETTINGS = {"data_sha256": "a" * 64}
EPOCHS, FOLDS = 8, 3


class Job:
    """A training's inputs, as far as a trial needs them."""

    def __init__(self, recipe, watch):
        self.recipe, self.watch = recipe, watch
        self.accelerator = SimpleNamespace(device="cpu")

    def cells(self, chosen):
        return np.flatnonzero(chosen)


class Bench:
    """A contest whose fits only note what they were given; `rightness` makes their logits."""

    def __init__(self, folder, monkeypatch):
        self.fits, self.kept_s = [], []
        self.rightness = lambda: 1.0
        self.at_epoch = lambda: None
        self.seen = []
        self.task = SimpleNamespace(
            out=folder,
            place="here",
            space=Space(recipes=("fast",), backbones=()),
            division=Division.of(MANIFEST, FOLDS, 0),
            folds=FOLDS,
            epochs=EPOCHS,
            seed=0,
            manifest=MANIFEST,
            job=Job,
            watch=lambda *news: self.seen.append(news),
        )
        monkeypatch.setattr(search_trial, "fit_parts", self.fit)
        monkeypatch.setattr(search_trial, "score", self.score)

    @property
    def contest(self):
        clock = SimpleNamespace(left_s=1e9, spent_s=1.0, budget_s=60.0, keep=self.kept_s.append)
        return Contest(self.task, clock)

    def fit(self, job, folder, learned, valid, stage):
        self.fits.append(SimpleNamespace(job=job, folder=folder, learned=learned, valid=valid))
        for step in range(1, 2 * job.recipe.epochs + 1):  # two steps an epoch
            if step % 2 == 0:
                self.at_epoch()
            job.watch(stage, step, 2 * job.recipe.epochs, {"loss": 0.5})
        return SimpleNamespace(network=None)

    def score(self, _network, cells, _device):
        self.fits[-1].scored = cells
        noise = np.random.default_rng(len(self.fits)).normal(size=len(cells))
        sign = 2.0 * MANIFEST.labels[cells] - 1
        return SimpleNamespace(logit=(self.rightness() * sign + 0.5 * noise).astype(np.float32))


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path, monkeypatch)


@pytest.fixture
def study(tmp_path):
    with opened(sqlite_url(tmp_path / "study.db")) as store:
        yield join(store, SETTINGS, {})


def run(study, bench):
    study.optimize(bench.contest, n_trials=1, catch=(ConfigError,))
    return study.trials[-1]


class TestOneTrial:
    def test_a_short_fit_then_a_whole_one_for_each_fold(self, study, bench):
        trial = run(study, bench)
        assert [fit.job.recipe.epochs for fit in bench.fits] == [2, 8, 8, 8]
        assert trial.state == TrialState.COMPLETE
        assert sorted(trial.intermediate_values) == [1, 2, 3, 4]
        assert trial.value == trial.intermediate_values[4]
        assert trial.user_attrs["folds"] == FOLDS
        assert 0 < trial.user_attrs["accuracy"] <= 1
        assert 0 <= trial.user_attrs["blank"] <= 1
        assert trial.user_attrs["place"] == "here"
        assert bench.kept_s

    def test_no_locked_patient_is_learned_from_or_scored(self, study, bench):
        run(study, bench)
        locked = set(MANIFEST.patients[bench.task.division.locked])
        assert locked
        for fit in bench.fits:
            learned = set(MANIFEST.patients[fit.learned])
            scored = set(MANIFEST.patients[fit.scored])
            assert not learned & scored
            assert not locked & (learned | scored)
            assert fit.valid is None
        every = np.concatenate([fit.scored for fit in bench.fits[1:]])
        assert sorted(every) == np.flatnonzero(~bench.task.division.locked).tolist()

    def test_the_value_is_the_mean_area_of_the_folds(self, study, bench, monkeypatch):
        from sklearn.metrics import roc_auc_score

        areas = []
        score = bench.score

        def spied(network, cells, device):
            scores = score(network, cells, device)
            areas.append(roc_auc_score(MANIFEST.labels[cells], scores.logit))
            return scores

        monkeypatch.setattr(search_trial, "score", spied)
        trial = run(study, bench)
        assert trial.intermediate_values[1] == pytest.approx(areas[0])
        assert trial.intermediate_values[3] == pytest.approx(np.mean(areas[1:3]))
        assert trial.value == pytest.approx(np.mean(areas[1:]))

    def test_the_search_is_watched(self, study, bench):
        run(study, bench)
        assert bench.seen[0] == ("search", 1, 60, {"loss": 0.5})


class TestEnds:
    def test_pruned_where_others_did_better(self, study, bench):
        run(study, bench)
        bench.rightness = lambda: -1.0
        trial = run(study, bench)
        assert trial.state == TrialState.PRUNED
        assert trial.user_attrs["ended"] == "pruned"
        assert sorted(trial.intermediate_values) == [1]
        assert len(bench.fits) == 5

    def test_a_starting_point_is_never_pruned(self, study, bench):
        run(study, bench)
        bench.rightness = lambda: -1.0
        study.enqueue_trial({}, user_attrs={"start": "fast"})
        assert run(study, bench).state == TrialState.COMPLETE

    def test_out_of_time_at_the_end_of_an_epoch(self, study, bench):
        contest = bench.contest

        def late():
            contest.clock.left_s = 1e9 if len(bench.fits) < 2 else 0.0

        bench.at_epoch = late
        study.optimize(contest, n_trials=1)
        trial = study.trials[-1]
        assert trial.state == TrialState.PRUNED
        assert trial.user_attrs["ended"] == "out of time"
        assert sorted(trial.intermediate_values) == [1]
        assert bench.seen[-1][0] == "search"
        assert len(bench.seen) == 2 * 2 + 2  # the short fit, and one epoch of two steps

    def test_what_is_fitted_when_the_time_ends_is_scored(self, study, bench):
        contest, epochs = bench.contest, []

        def late():
            epochs.append(len(bench.fits))
            if len(epochs) == 2 + EPOCHS * FOLDS:
                contest.clock.left_s = 0.0

        bench.at_epoch = late
        study.optimize(contest, n_trials=1)
        assert study.trials[-1].state == TrialState.COMPLETE

    def test_a_recipe_that_cannot_work_fails_with_its_reason(self, study, bench):
        def diverge():
            raise ConfigError("the loss is not finite")

        bench.at_epoch = diverge
        trial = run(study, bench)
        assert trial.state == TrialState.FAIL
        assert trial.user_attrs["reason"] == "the loss is not finite"
        assert len(study.trials) == 1

    def test_ctrl_c_queues_the_trial_again(self, study, bench):
        def interrupt():
            raise KeyboardInterrupt

        bench.at_epoch = interrupt
        with pytest.raises(KeyboardInterrupt):
            run(study, bench)
        failed, queued = study.trials
        assert failed.state == TrialState.FAIL
        assert queued.state == TrialState.WAITING
        bench.at_epoch = lambda: None
        again = run(study, bench)
        assert again.params == failed.params
        assert bench.fits[-1].folder.path.parent == trial_folder(bench.task.out, failed.number)


def test_processes_that_start_alike_do_not_draw_alike(study, bench):
    first, second = (run(study, bench).params for _ in range(2))
    assert first != second
    other = optuna.create_study(direction="maximize")
    again = run(other, bench).params
    assert again == first  # the seed and the number decide
