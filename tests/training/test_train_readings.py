"""Training on what readers say: learned instead of labels, never measured on."""

import csv
import json
import tomllib
import zipfile

import pytest

from laveran.cells.names import NameIndex
from laveran.errors import ConfigError, LabelsError
from laveran.metrics import fit_temperature
from laveran.model.runtime import load
from laveran.training import train


def table(path, **readings):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("img_name", "reading"), *readings.items()])
    return path


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def cells(drawn):
    return (drawn.train_data, drawn.train_labels)


@pytest.fixture(scope="module")
def doubted(drawn):
    """Names of six cells labelled parasitized."""
    with zipfile.ZipFile(drawn.train_data) as archive:
        index = NameIndex(archive.namelist())
    names = [row["img_name"] for row in rows(drawn.train_labels) if int(row["label"]) == 1]
    return [index.find(name) for name in names[::5][:6]]


@pytest.fixture(scope="module")
def read(cells, doubted, tiny, tmp_path_factory):
    """A run that learned from two readers; not to be written to."""
    folder = tmp_path_factory.mktemp("read")
    first = table(folder / "a.csv", **dict.fromkeys(doubted, "none"))
    second = table(folder / "b.csv", **dict.fromkeys(doubted[:3], "none"))
    return train(*cells, out=folder / "run", recipe=tiny, folds=2, readings=[first, second])


def test_it_says_what_it_learned_from(read):
    assert (
        "what readers say of 6 cells stood for their labels (6 contradicted, 0 doubted)"
        in read.protocol
    )
    config = tomllib.loads((read.folder / "config.toml").read_text())
    assert len(config["run"]["readings"]) == 64


def test_figures_are_on_the_labels_as_published(read, doubted):
    """Every doubted cell is scored in one of the folds, as parasitized."""
    published = {row["name"]: row["label"] for row in rows(read.folder / "predictions.csv")}
    assert [published[name] for name in doubted] == ["1"] * 6


def test_the_temperature_is_fitted_to_the_readings(read, cells, doubted):
    scored = rows(read.folder / "predictions.csv")
    temperatures = {
        row["name"]: json.loads((fold / "metrics.json").read_text())["temperature"]
        for fold in sorted((read.folder / "folds").iterdir())
        for row in rows(fold / "predictions.csv")
    }
    raw = [float(row["logit"]) * temperatures[row["name"]] for row in scored]
    truth = [0 if row["name"] in doubted else int(row["label"]) for row in scored]
    found = json.loads((read.folder / "metrics.json").read_text())["temperature"]
    assert found == pytest.approx(fit_temperature(raw, truth), rel=1e-4)


def test_labels_are_met_at_a_threshold_of_their_own(cells, doubted, tiny, tmp_path, monkeypatch):
    """Each network's own in its folder; in the run's figures each fold has that of the others."""
    limits = iter([1.0, 0.0, 0.0, 0.5, 0.5])  # of two folds; of the others of each; of all
    monkeypatch.setattr(
        "laveran.training.calibration._where_labels_are_even", lambda *_: next(limits)
    )
    path = table(tmp_path / "a.csv", **dict.fromkeys(doubted, "none"))
    run = train(*cells, out=tmp_path / "run", recipe=tiny, folds=2, readings=[path])
    scored = rows(run.folder / "predictions.csv")
    called = {row["name"]: int(row["called at accuracy"]) for row in scored}
    for fold, own, of_the_other in ((0, 1.0, 0.0), (1, 0.0, 0.5)):
        for row in rows(run.folder / "folds" / str(fold) / "predictions.csv"):
            assert int(row["called at accuracy"]) == (float(row["probability"]) > own)
            assert called[row["name"]] == (float(row["probability"]) >= of_the_other)
    right = [row["called at accuracy"] == row["label"] for row in scored]
    assert run.evaluation.accuracy.value == pytest.approx(sum(right) / len(right))
    assert run.operating_points["accuracy"]["accuracy"] == run.evaluation.accuracy
    at_half = [row["called at probability=0.5"] == row["label"] for row in scored]
    assert run.operating_points["probability=0.5"]["accuracy"].value == pytest.approx(
        sum(at_half) / len(at_half)
    )
    assert at_half != right
    assert load(run.folder).threshold("accuracy") == 0.5
    with pytest.raises(StopIteration):
        next(limits)


def test_the_network_learns_from_the_readers(read, ensemble_run):
    fold = "folds/0/weights.safetensors"
    assert (read.folder / fold).read_bytes() != (ensemble_run.folder / fold).read_bytes()


def test_guesses_at_wrong_labels_are_off(cells, doubted, tiny, tmp_path):
    path = table(tmp_path / "a.csv", **dict.fromkeys(doubted, "none"))
    recipe = tiny.replace(epochs=1, trimmed_share=0.2, mislabelled=0.1)
    made = train(*cells, out=tmp_path / "run", recipe=recipe, readings=[path])
    used = tomllib.loads((made.folder / "config.toml").read_text())["recipe"]
    assert used["trimmed_share"] == used["mislabelled"] == 0


def test_a_key_without_readings_is_refused(cells, tiny, tmp_path):
    with pytest.raises(ConfigError, match="a key without readings"):
        train(*cells, out=tmp_path / "run", recipe=tiny, key=tmp_path / "key.csv")


def test_readings_of_other_cells_are_refused(cells, tiny, tmp_path):
    path = table(tmp_path / "a.csv", nobody="none")
    with pytest.raises(LabelsError, match="none of the 1 cells that were read"):
        train(*cells, out=tmp_path / "run", recipe=tiny, readings=[path])
    assert not (tmp_path / "run").exists()
