import csv
import json
import sys
import tomllib
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import laveran
from laveran.cells.manifest import read_manifest
from laveran.cells.splits import Split
from laveran.errors import ConfigError, DataError, LabelsError, ModelError, SplitError
from laveran.metrics import calibrated
from laveran.model.evaluation import evaluate
from laveran.model.runtime import load
from laveran.networks.layers import Conv
from laveran.networks.network import load as load_network
from laveran.networks.network import load_members
from laveran.networks.stack import StackSpec
from laveran.training import train
from laveran.training import train as public_train
from laveran.training.calibration import Placing
from laveran.training.folder import RunFolder

ONE_FIT = {
    "cells.csv",
    "checkpoints/last.safetensors",
    "history.csv",
    "metrics.json",
    "model.onnx",
    "network.json",
    "predictions.csv",
    "report.html",
    "gate.safetensors",
    "weights.safetensors",
}
MODULE = sys.modules["laveran.training.train"]  # the package's `train` is the function
WHOLE_RUN = ONE_FIT | {"config.toml", "skipped.csv"}


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def called_columns(row):
    """What each operating point calls a cell."""
    return {column: value for column, value in row.items() if column.startswith("called at ")}


def untouched(folder):
    """When each file that costs work was written."""
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder) - {"skipped.csv"}}


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def patients_of(folder, *parts):
    """The patients of the cells in `parts`, from a run's cells.csv alone."""
    return {row["patient"] for row in rows(folder / "cells.csv") if row["part"] in parts}


def weights(folder):
    return (folder / "weights.safetensors").read_bytes()


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


@pytest.fixture(scope="module")
def cross_validated(drawn, tiny, tmp_path_factory):
    """A run with 2 folds; not to be written to."""
    out = tmp_path_factory.mktemp("runs") / "folds"
    return train(drawn.train_data, drawn.train_labels, out=out, recipe=tiny, folds=2, seed=1)


@pytest.fixture(scope="module")
def ensemble(drawn, tiny, tmp_path_factory):
    """A run that keeps the networks of its 2 folds; not to be written to."""
    out = tmp_path_factory.mktemp("runs") / "ensemble"
    cells = (drawn.train_data, drawn.train_labels)
    return train(*cells, out=out, recipe=tiny, folds=2, ensemble=True, seed=1)


@pytest.fixture(scope="module")
def by_cell(drawn, tiny, tmp_path_factory):
    """A run whose cells were divided one by one; not to be written to."""
    out = tmp_path_factory.mktemp("runs") / "cells"
    return train(drawn.train_data, drawn.train_labels, out=out, recipe=tiny, by="cell")


class TestOneDivision:
    def test_the_run_folder_holds_what_the_design_says(self, run):
        assert files(run.folder) == WHOLE_RUN

    def test_the_config_says_all_that_decides(self, run, tiny, drawn):
        config = tomllib.loads((run.folder / "config.toml").read_text())
        assert config["recipe"] == tomllib.loads(tiny.to_toml())
        manifest = read_manifest(run.folder / "cells.csv")
        assert config["run"]["data_sha256"] == manifest.checksum
        assert config["run"]["data"] == str(drawn.train_data)
        assert config["run"]["species"] == "drawn"

    def test_no_patient_of_test_was_learned_from(self, run):
        test, others = patients_of(run.folder, "test"), patients_of(run.folder, "train", "valid")
        assert test
        assert others
        assert not test & others
        assert not patients_of(run.folder, "train") & patients_of(run.folder, "valid")
        assert patients_of(run.folder, "train", "valid", "test") == test | others

    def test_predictions_are_of_all_test_cells_and_no_others(self, run):
        test = {row["name"] for row in rows(run.folder / "cells.csv") if row["part"] == "test"}
        predicted = [row["name"] for row in rows(run.folder / "predictions.csv")]
        assert len(predicted) == len(test) == run.evaluation.n_cells
        assert set(predicted) == test

    def test_the_figures_are_those_of_the_predictions(self, run):
        labels = {row["name"]: row["label"] for row in rows(run.folder / "cells.csv")}
        right = [
            (float(row["probability"]) >= 0.5) == (labels[row["name"]] == "1")
            for row in rows(run.folder / "predictions.csv")
        ]
        assert run.evaluation.accuracy.value == pytest.approx(np.mean(right))

    def test_the_model_file_gives_the_same_predictions(self, run, drawn):
        predicted = {
            row["name"]: float(row["probability"]) for row in rows(run.folder / "predictions.csv")
        }
        found = evaluate(drawn.train_data, drawn.train_labels, model=run.folder)
        again = dict(zip(found.manifest.names, found.y_prob.tolist(), strict=True))
        for name, probability in predicted.items():
            assert again[name] == pytest.approx(probability, abs=1e-4)

    def test_the_public_api_is_the_same_function(self, run):
        assert public_train is train
        assert laveran.load(run.folder).contract.training.recipe == "tiny"


def flipped(labels, names, path):
    """A labels table in which the cells `names` have the other label."""
    wanted = {name.rpartition("/")[2] for name in names}
    lines = [
        f"{row['img_name']},{int(row['label']) ^ (row['img_name'] in wanted)}"
        for row in rows(labels)
    ]
    path.write_text("\n".join(["img_name,label", *lines]) + "\n")
    return path


class TestRuleOfEvidence:
    @pytest.fixture
    def retrain(self, run, drawn, tiny, tmp_path, monkeypatch):
        """Trains as `run` did, with the labels of one part flipped and all else as it was."""
        divided = {row["name"]: row["part"] for row in rows(run.folder / "cells.csv")}

        def as_before(manifest, *_, **__):
            return Split(np.array([divided[name] for name in manifest.names]), "patient")

        def retrained(part):
            names = [name for name, held in divided.items() if held == part]
            labels = flipped(drawn.train_labels, names, tmp_path / "labels.csv")
            monkeypatch.setattr(MODULE, "split", as_before)
            return train(drawn.train_data, labels, out=tmp_path / "run", recipe=tiny)

        return retrained

    def test_labels_of_test_change_nothing_but_the_figures(self, run, retrain):
        tampered = retrain("test")
        assert weights(tampered.folder) == weights(run.folder)
        before, after = (load(each.folder).contract for each in (run, tampered))
        assert after.temperature == before.temperature
        assert [(point.name, point.threshold) for point in after.operating_points] == [
            (point.name, point.threshold) for point in before.operating_points
        ]
        assert tampered.evaluation.accuracy.value == pytest.approx(
            1 - run.evaluation.accuracy.value
        )

    def test_labels_of_valid_change_the_temperature(self, run, retrain):
        tampered = retrain("valid")
        assert metrics(tampered.folder)["temperature"] != metrics(run.folder)["temperature"]


@pytest.mark.slow
class TestEnsemble:
    def test_its_members_are_the_networks_of_the_folds(self, ensemble):
        members = load_members(ensemble.folder)
        assert len(members) == 2
        for fold, member in enumerate(members):
            alone = load_network(ensemble.folder / "folds" / str(fold))
            for name, tensor in alone.state_dict().items():
                assert torch.equal(tensor, member.state_dict()[name])

    def test_its_file_is_their_average(self, ensemble):
        whole = load(ensemble.folder)
        cells = np.random.default_rng(0).integers(0, 256, (9, *[whole.size_px] * 2, 3), np.uint8)
        raw = [
            alone.answer(cells).logit * alone.contract.temperature
            for alone in (load(ensemble.folder / "folds" / str(fold)) for fold in (0, 1))
        ]
        expected = np.mean(raw, axis=0) / whole.contract.temperature
        answer = whole.answer(cells)
        np.testing.assert_allclose(answer.logit, expected, atol=1e-4)
        assert answer.disagreement.shape == answer.outlier.shape == (9,)
        assert whole.contract.members == 2

    def test_its_figures_are_those_of_the_members_and_it_says_so(self, ensemble, cross_validated):
        assert ensemble.evaluation == cross_validated.evaluation
        assert any("the average of the 2 networks" in note for note in ensemble.notes)

    def test_nothing_is_fitted_on_all_patients(self, ensemble):
        assert not (ensemble.folder / "checkpoints").exists()

    def test_one_network_is_not_taken_for_it(self, ensemble):
        with pytest.raises(ModelError, match="holds an ensemble of 2 networks"):
            load_network(ensemble.folder)

    def test_without_folds_there_is_none(self, drawn, tiny, tmp_path):
        with pytest.raises(ConfigError, match="an ensemble is made of the networks of folds"):
            train(drawn.train_data, out=tmp_path / "run", recipe=tiny, ensemble=True)


class TestFolds:
    def test_each_fold_leaves_the_same_as_a_run(self, cross_validated):
        expected = {f"folds/{fold}/{name}" for fold in (0, 1) for name in ONE_FIT}
        assert files(cross_validated.folder) == WHOLE_RUN | expected

    def test_in_no_fold_a_patient_of_test_was_learned_from(self, cross_validated):
        tested = []
        for fold in (0, 1):
            folder = cross_validated.folder / "folds" / str(fold)
            test = patients_of(folder, "test")
            assert test
            assert not test & patients_of(folder, "train", "valid")
            assert not patients_of(folder, "train") & patients_of(folder, "valid")
            assert patients_of(cross_validated.folder, f"fold {fold}") == test
            tested.append(test)
        assert not tested[0] & tested[1]

    def test_a_fold_is_called_at_thresholds_from_the_others(self, cross_validated):
        by_fold = [
            RunFolder(cross_validated.folder).fold(fold).read_predictions() for fold in (0, 1)
        ]
        whole = RunFolder(cross_validated.folder).read_predictions()
        for said, others in (by_fold, by_fold[::-1]):
            thresholds = Placing(patients_known=True).thresholds(
                others.logit, others.y_true, np.array(others.patients)
            )
            rows = [whole.names.index(name) for name in said.names]
            for point, called in whole.called.items():
                y_prob = calibrated(said.logit).astype(np.float32)
                assert called[rows].tolist() == (y_prob >= thresholds[point]).tolist()
        assert whole.called["specificity=0.99"].tolist() != [
            *by_fold[0].called["specificity=0.99"],
            *by_fold[1].called["specificity=0.99"],
        ]

    def test_the_recipe_says_which_operating_point_is_the_default(self, drawn, tiny, tmp_path):
        strict = tiny.replace(epochs=1, operating_point="specificity=0.99")
        run = train(
            drawn.train_data, drawn.train_labels, out=tmp_path / "run", recipe=strict, folds=2
        )
        first = "specificity=0.99"
        assert run.operating_point == metrics(run.folder)["operating_point"] == first
        for folder in (run.folder, run.folder / "folds" / "0"):
            assert load(folder).default_point == first
            called = [name for name in rows(folder / "predictions.csv")[0] if "called" in name]
            assert called[0] == f"called at {first}"
        assert run.evaluation.accuracy == run.operating_points[first]["accuracy"]
        assert run.evaluation.accuracy != run.operating_points["accuracy"]["accuracy"]
        assert f"operating point “{first}”" in (run.folder / "report.html").read_text()

    def test_every_cell_is_predicted_once_by_the_fold_that_did_not_see_it(self, cross_validated):
        folder = cross_validated.folder
        whole = {row["name"]: row for row in rows(folder / "predictions.csv")}
        fold_of = {row["name"]: row["part"] for row in rows(folder / "cells.csv")}
        assert set(whole) == set(fold_of)
        assert len(rows(folder / "predictions.csv")) == len(fold_of) == 120
        for fold in (0, 1):
            for row in rows(folder / "folds" / str(fold) / "predictions.csv"):
                assert fold_of[row["name"]] == f"fold {fold}"
                assert {**whole[row["name"]], **called_columns(row)} == row

    def test_the_last_fit_is_on_all_cells_for_as_long_as_the_folds_chose(self, cross_validated):
        folder = cross_validated.folder
        best = [metrics(folder / "folds" / str(fold))["best_epoch"] for fold in (0, 1)]
        history = rows(folder / "history.csv")
        assert len(history) == round(np.median(best))
        assert "valid_loss" not in history[0]
        contract = load(folder).contract
        assert contract.training.cells == 120
        assert contract.training.patients == 12

    def test_the_protocol_and_the_figures_are_out_of_fold(self, cross_validated):
        assert cross_validated.protocol == (
            "2 folds, patients disjoint, seed 1: 120 cells of 12 patients, all out of fold"
        )
        right = [
            (float(row["probability"]) >= 0.5) == (row["label"] == "1")
            for row in rows(cross_validated.folder / "predictions.csv")
        ]
        assert cross_validated.evaluation.accuracy.value == pytest.approx(np.mean(right))

    def test_the_last_temperature_is_of_logits_out_of_fold(self, cross_validated):
        folder = RunFolder(cross_validated.folder)
        raw, labels = [], []
        for fold in (0, 1):
            predictions = folder.fold(fold).read_predictions()
            raw += list(predictions.logit * metrics(folder.fold(fold).path)["temperature"])
            labels += predictions.y_true.tolist()
        expected = laveran_temperature(raw, labels)
        assert metrics(folder.path)["temperature"] == pytest.approx(expected, rel=1e-4)

    def test_a_finished_run_is_resumed_without_any_work(self, cross_validated, drawn, tiny):
        folder = cross_validated.folder
        before = untouched(folder)
        again = train(
            drawn.train_data,
            drawn.train_labels,
            out=folder,
            recipe=tiny,
            folds=2,
            seed=1,
            resume=True,
        )
        assert again.evaluation == cross_validated.evaluation
        assert again.protocol == cross_validated.protocol
        assert untouched(folder) == before


def laveran_temperature(logits, labels):
    """The temperature of the lowest likelihood loss, by trying many."""
    logits = np.array(logits, np.float64)
    sign = np.where(np.array(labels) == 1, -1, 1)
    tried = np.geomspace(0.05, 20, 200_001)
    losses = [np.logaddexp(0, sign * logits / each).mean() for each in tried[::100]]
    near = tried[::100][int(np.argmin(losses))]
    finer = near * np.geomspace(0.99, 1.01, 2001)
    losses = [np.logaddexp(0, sign * logits / each).mean() for each in finer]
    return float(np.clip(finer[int(np.argmin(losses))], 0.05, 20))


class TestOptimism:
    def test_a_division_by_cell_is_marked_wherever_figures_stand(self, by_cell):
        contract = load(by_cell.folder).contract
        assert "divided by cell, OPTIMISTIC" in by_cell.protocol
        assert any(note.startswith("OPTIMISTIC") for note in by_cell.notes)
        assert metrics(by_cell.folder)["optimistic"] is True
        assert contract.optimistic
        assert "OPTIMISTIC" in contract.protocol
        page = (by_cell.folder / "report.html").read_text()
        assert "OPTIMISTIC" in page

    def test_patients_are_on_both_sides_then(self, by_cell):
        assert patients_of(by_cell.folder, "test") & patients_of(by_cell.folder, "train")

    def test_intervals_still_resample_patients(self, by_cell):
        assert by_cell.evaluation.n_patients == len(patients_of(by_cell.folder, "test"))


def renamed(drawn, folder):
    """The drawn cells under names that tell nothing, and their labels."""
    labels = {row["img_name"]: row["label"] for row in rows(drawn.train_labels)}
    table = ["img_name,label"]
    with (
        zipfile.ZipFile(drawn.train_data) as given,
        zipfile.ZipFile(folder / "cells.zip", "w") as taken,
    ):
        for number, name in enumerate(given.namelist()):
            taken.writestr(f"{number:04d}.png", given.read(name))
            table.append(f"{number:04d}.png,{labels[name.rpartition('/')[2]]}")
    (folder / "labels.csv").write_text("\n".join(table) + "\n")
    return folder / "cells.zip", folder / "labels.csv"


def test_without_patients_it_says_so_loudly_and_goes_on(drawn, tiny, tmp_path):
    data, labels = renamed(drawn, tmp_path)
    run = train(data, labels, out=tmp_path / "run", recipe=tiny)
    assert run.evaluation.n_patients == 0
    assert any("no patient can be told" in note for note in run.notes)
    assert any(note.startswith("OPTIMISTIC") for note in run.notes)
    contract = load(run.folder).contract
    assert contract.optimistic
    assert contract.training.patients == 0
    assert not contract.training.synthetic


def test_a_table_of_patients_is_heeded(drawn, tiny, tmp_path):
    data, labels = renamed(drawn, tmp_path)
    table = tmp_path / "patients.csv"
    lines = [f"{number:04d}.png,{number // 10}" for number in range(120)]
    table.write_text("\n".join(["img_name,patient", *lines]) + "\n")
    run = train(data, labels, out=tmp_path / "run", recipe=tiny, epochs=1, patients=[table])
    assert "OPTIMISTIC" not in run.protocol
    assert not patients_of(run.folder, "test") & patients_of(run.folder, "train", "valid")


def class_folders(drawn, folder):
    """The drawn cells in folders named after their classes."""
    labels = {row["img_name"]: int(row["label"]) for row in rows(drawn.train_labels)}
    with zipfile.ZipFile(drawn.train_data) as archive:
        for name in archive.namelist():
            bare = name.rpartition("/")[2]
            place = folder / ("uninfected", "PARASITIZED")[labels[bare]] / bare
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(archive.read(name))
    return folder


def test_folders_named_after_the_classes_need_no_labels(drawn, tiny, tmp_path):
    data = class_folders(drawn, tmp_path / "cells")
    run = train(data, out=tmp_path / "run", recipe=tiny)
    manifest = read_manifest(run.folder / "cells.csv")
    labels = {row["img_name"]: int(row["label"]) for row in rows(drawn.train_labels)}
    assert len(manifest) == 120
    assert all(cell.label == labels[cell.name.rpartition("/")[2]] for cell in manifest)


class TestRefusals:
    """What cannot work costs a sentence, and leaves nothing."""

    @pytest.fixture
    def asked(self, drawn, tiny, tmp_path):
        return {
            "data": drawn.train_data,
            "labels": drawn.train_labels,
            "out": tmp_path / "run",
            "recipe": tiny,
        }

    @pytest.mark.parametrize(
        ("change", "error", "reason"),
        [
            ({"folds": 1}, ConfigError, "1 folds leave nothing to train on"),
            ({"folds": -2}, ConfigError, "-2 folds leave nothing"),
            ({"folds": 13}, SplitError, "12 patients"),
            ({"epochs": 0}, ConfigError, "recipe tiny: epochs"),
            ({"seed": -1}, ConfigError, "the seed is -1"),
            ({"recipe": "quick"}, ConfigError, "no recipe is called 'quick'"),
            ({"by": "hospital"}, ConfigError, "cannot split by 'hospital'"),
            ({"labels": None}, LabelsError, "nothing tells the labels"),
            ({"data": "none.zip"}, DataError, "none.zip"),
            ({"labels": "none.csv"}, LabelsError, "none.csv"),
            ({"patients": ["none.csv"]}, DataError, "none.csv"),
        ],
    )
    def test_a_sentence(self, asked, change, error, reason):
        with pytest.raises(error) as refused:
            train(**asked | change)
        assert reason in str(refused.value)
        assert "\n" not in str(refused.value)
        assert not asked["out"].exists()

    def test_too_few_patients_for_the_valid_part_of_a_fold(self, asked, tmp_path):
        table = tmp_path / "patients.csv"
        names = [row["img_name"] for row in rows(asked["labels"])]
        whose = "BC" * 3 + "A" * len(names)  # one fold has the cells of A, the other of B and C
        given = map(",".join, zip(names, whose, strict=False))
        table.write_text("\n".join(["img_name,patient", *given]))
        with pytest.raises(SplitError, match="1 patient"):
            train(**asked | {"folds": 2, "patients": [table]})
        assert not asked["out"].exists()

    @pytest.mark.parametrize("label", [0, 1])
    @pytest.mark.parametrize("folds", [0, 2])
    def test_one_class_only(self, asked, tmp_path, label, folds):
        table = tmp_path / "labels.csv"
        kept = [row["img_name"] for row in rows(asked["labels"]) if row["label"] == str(label)]
        table.write_text("\n".join(["img_name,label", *(f"{name},{label}" for name in kept)]))
        absent = ("uninfected", "parasitized")[1 - label]
        with pytest.raises(SplitError, match=f"no {absent} cell is left to learn from"):
            train(**asked | {"labels": table, "folds": folds})
        assert not asked["out"].exists()

    def test_an_input_too_small_for_the_network(self, asked, tiny):
        network = StackSpec(layers=[Conv(filters=2, kernel=9, padding="none")])
        with pytest.raises(ConfigError, match="does not fit inputs of 8 px"):
            train(**asked | {"recipe": tiny.replace(size_px=8, network=network.model_dump())})
        assert not asked["out"].exists()

    def test_a_folder_that_is_in_use(self, asked):
        asked["out"].mkdir()
        (asked["out"] / "thesis.doc").touch()
        for resume in (False, True):
            with pytest.raises(ConfigError, match="in use by something else"):
                train(**asked, resume=resume)

    def test_a_run_that_nobody_asked_to_resume(self, run, asked):
        with pytest.raises(ConfigError, match="go on with it by --resume"):
            train(**asked | {"out": run.folder})


class TestResume:
    @pytest.fixture
    def stopped(self, drawn, tiny, tmp_path):
        """A run that stopped in its second epoch, and what was asked of it."""
        asked = {
            "data": drawn.train_data,
            "labels": drawn.train_labels,
            "out": tmp_path / "run",
            "recipe": tiny,
            "species": "drawn",
        }

        def stop(stage, done, total, figures):
            if stage == "fit" and done == total - 1:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(**asked, watch=stop)
        assert files(asked["out"]) == {
            "config.toml",
            "skipped.csv",
            "checkpoints/last.safetensors",
        }
        return asked

    def test_a_stopped_run_ends_as_if_nothing_had_happened(self, stopped, run):
        seen = []
        resumed = train(**stopped, resume=True, watch=lambda *news: seen.append(news))
        assert weights(resumed.folder) == weights(run.folder)
        assert resumed.evaluation == run.evaluation
        assert files(resumed.folder) == WHOLE_RUN
        first_step = next(done for stage, done, _, _ in seen if stage == "fit")
        assert first_step > 1
        same = ("cells.csv", "predictions.csv", "network.json", "config.toml")
        for name in same:
            assert (resumed.folder / name).read_bytes() == (run.folder / name).read_bytes()

    @pytest.mark.parametrize(
        "change",
        [
            {"seed": 1},
            {"epochs": 3},
            {"folds": 2},
            {"by": "photo"},
            {"species": "P. vivax"},
            {"licence": "CC0"},
            {"recipe": "fast"},
        ],
    )
    def test_other_settings_are_refused(self, stopped, change):
        with pytest.raises(ConfigError, match="was started with other data or settings"):
            train(**stopped | change, resume=True)

    def test_other_data_are_refused(self, stopped, tmp_path):
        names = [row["img_name"] for row in rows(stopped["labels"])][:1]
        labels = flipped(stopped["labels"], names, tmp_path / "labels.csv")
        with pytest.raises(ConfigError, match="was started with other data or settings"):
            train(**stopped | {"labels": labels}, resume=True)

    def test_data_that_moved_are_the_same_data(self, stopped, run, tmp_path):
        moved = tmp_path / "moved.csv"
        moved.write_bytes(stopped["labels"].read_bytes())
        resumed = train(**stopped | {"labels": moved}, resume=True)
        assert weights(resumed.folder) == weights(run.folder)

    def test_a_finished_run_is_returned_as_it_is(self, run, drawn, tiny):
        before = untouched(run.folder)
        again = train(
            drawn.train_data,
            drawn.train_labels,
            out=run.folder,
            recipe=tiny,
            species="drawn",
            resume=True,
        )
        assert (again.evaluation, again.protocol) == (run.evaluation, run.protocol)
        assert untouched(run.folder) == before

    def test_nothing_to_resume_is_a_beginning(self, drawn, tiny, tmp_path, run):
        begun = train(
            drawn.train_data, drawn.train_labels, out=tmp_path / "a", recipe=tiny, resume=True
        )
        assert weights(begun.folder) == weights(run.folder)


def test_the_seed_decides_division_and_weights(run, drawn, tiny, tmp_path):
    other = train(drawn.train_data, drawn.train_labels, out=tmp_path / "a", recipe=tiny, seed=1)
    mine, theirs = (load_file(each.folder / "weights.safetensors") for each in (run, other))
    assert any(not np.array_equal(mine[name], theirs[name]) for name in mine)
    assert patients_of(run.folder, "test") != patients_of(other.folder, "test")


def test_precisions_may_follow_each_other_in_one_process(run, drawn, tiny, tmp_path):
    mixed = tiny.replace(precision="bf16", epochs=1)
    other = train(drawn.train_data, drawn.train_labels, out=tmp_path / "a", recipe=mixed)
    assert metrics(other.folder)["export_parity"] < 1e-4


def test_the_fit_is_watched_with_live_figures(drawn, tiny, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(MODULE, "publish", lambda *_: None)
    train(
        drawn.train_data,
        drawn.train_labels,
        out=tmp_path / "a",
        recipe=tiny,
        watch=lambda *news: seen.append(SimpleNamespace(**dict(zip(KEYS, news, strict=True)))),
    )
    fits = [news for news in seen if news.stage == "fit"]
    assert [news.done for news in fits] == list(range(1, fits[0].total + 1))
    assert set(fits[0].figures) == {"loss"}
    assert set(fits[-1].figures) == {"loss", "valid accuracy"}


KEYS = ("stage", "done", "total", "figures")
