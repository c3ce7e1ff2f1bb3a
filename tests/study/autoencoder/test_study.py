"""A study of an autoencoder: its folder, its figures, and what is asked of it later."""

import csv
import json

import cv2
import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.errors import ConfigError, DataError, ModelError
from laveran.study.autoencoder.codec import Autoencoder, worst_spots
from laveran.study.autoencoder.show import show_autoencoder
from laveran.study.autoencoder.sights import crossfade, traits
from laveran.study.autoencoder.study import study_autoencoder

SETTINGS = {"latent": 3, "epochs": 2, "size_px": 16, "variational": True}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    population = Population(cells_per_patient=8, seed=5)
    return write_cells(
        tmp_path_factory.mktemp("cells"), population, train_patients=12, test_patients=2
    )


@pytest.fixture(scope="module")
def study(drawn, tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "vae"
    return study_autoencoder(drawn.train_data, drawn.train_labels, out=out, **SETTINGS)


def read_codes(folder):
    with (folder / "codes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_what_was_promised(study):
    assert {path.name for path in study.folder.iterdir()} == {
        "weights.safetensors",
        "autoencoder.json",
        "history.csv",
        "metrics.json",
        "codes.csv",
        "autoencoder.html",
        "checkpoint.safetensors",
    }
    assert json.loads((study.folder / "metrics.json").read_text()) == study.to_json()
    assert len((study.folder / "history.csv").read_text().splitlines()) == 1 + 2


def test_the_codes_are_those_of_the_network_in_the_folder(study):
    rows = read_codes(study.folder)
    assert [row["name"] for row in rows] == list(study.sample.manifest.names)
    codes = np.array([[float(row[f"code_{n}"]) for n in range(3)] for row in rows])
    fitted = Autoencoder.load(study.folder)
    np.testing.assert_allclose(codes, fitted.encode(study.sample.pictures), atol=1e-4)
    anomaly = [float(row["anomaly"]) for row in rows]
    np.testing.assert_allclose(anomaly, fitted.anomaly(study.sample.pictures), atol=1e-3)


def test_parts_and_labels_are_told_and_patients_apart(study):
    rows = read_codes(study.folder)
    patients = {
        part: {row["patient"] for row in rows if row["part"] == part} for part in ("train", "test")
    }
    assert patients["train"].isdisjoint(patients["test"])
    assert all(patients.values())
    assert {row["label"] for row in rows} == {"parasitized", "uninfected"}


def test_the_figures_are_those_of_the_test_cells(study):
    test, figures = study.sample.is_test, study.figures
    seen, labels = study.sample.pictures[test], study.sample.labels[test]
    apart = study.fitted.reconstruct(seen).astype(float) - seen
    assert figures.error == pytest.approx(np.sqrt((apart**2).mean()), rel=1e-4)
    lit = seen.max(3) > 30
    assert figures.error_on_cells == pytest.approx(np.sqrt((apart[lit] ** 2).mean()), rel=0.05)
    assert figures.n_test == test.sum()
    assert figures.n_train == (~test).sum()
    assert figures.anomaly_auroc.value == pytest.approx(roc_auc_score(labels, study.anomaly[test]))
    bound = study.fitted.negative_bound(seen)
    assert figures.bound_auroc.value == pytest.approx(roc_auc_score(labels, bound))
    assert figures.bound == pytest.approx(figures.reconstruction - figures.divergence, rel=1e-4)


def test_the_components_are_those_of_the_training_cells(study):
    flat = study.sample.pictures.reshape(len(study.sample.pictures), -1).astype(float)
    components = PCA(3, svd_solver="full").fit(flat[study.is_train])
    seen = flat[study.sample.is_test]
    answers = components.inverse_transform(components.transform(seen))
    expected = np.sqrt(((answers - seen) ** 2).mean())
    assert study.figures.pca_error == pytest.approx(expected, rel=0.01)
    assert study.figures.pca_error_on_cells != study.figures.pca_error


def test_uninfected_cells_alone(drawn, tmp_path):
    found = study_autoencoder(
        drawn.train_data, drawn.train_labels, out=tmp_path, uninfected_only=True, **SETTINGS
    )
    assert (found.sample.labels[found.is_train] == 0).all()
    parts = {row["part"]: row["label"] for row in read_codes(tmp_path)}
    assert parts["left out"] == "parasitized"
    assert parts["train"] == "uninfected"


def test_a_finished_folder_is_not_overwritten_but_resumed(study, drawn):
    data = (drawn.train_data, drawn.train_labels)
    with pytest.raises(ConfigError, match="--resume"):
        study_autoencoder(*data, out=study.folder, **SETTINGS)
    before = (study.folder / "codes.csv").read_bytes()
    study_autoencoder(*data, out=study.folder, resume=True, **SETTINGS)
    assert (study.folder / "codes.csv").read_bytes() == before
    with pytest.raises(ModelError, match="another training"):
        study_autoencoder(*data, out=study.folder, resume=True, **SETTINGS | {"latent": 4})


def test_a_spot_counts_and_a_rim_does_not():
    cell = np.zeros((1, 64, 64, 3), np.uint8)
    cv2.circle(cell[0], (32, 32), 24, (200, 150, 160), -1)
    answers = cell.copy()
    cv2.circle(answers[0], (32, 32), 25, (200, 150, 160), 3)  # drawn a little too large
    assert worst_spots(cell, answers)[0] < 1
    cell[0, 30:35, 20:25] = 90
    found = worst_spots(cell, answers)[0]
    assert found == pytest.approx(np.sqrt((110**2 + 60**2 + 70**2) / 3), rel=1e-4)
    assert worst_spots(np.zeros_like(cell), answers)[0] == 0


def test_a_trait_changes_one_number_alone(study, monkeypatch):
    seen, decode = [], Autoencoder.decode
    monkeypatch.setattr(Autoencoder, "decode", lambda self, c: (seen.append(c), decode(self, c))[1])
    found = traits(study.fitted, study.codes)
    assert [each.spread for each in found] == sorted(study.codes.std(0), reverse=True)
    for trait, codes in zip(found, seen, strict=True):
        others = np.delete(codes, trait.number, axis=1)
        assert (others == others[0]).all()
        assert np.ptp(codes[:, trait.number]) == pytest.approx(5 * trait.spread, rel=1e-4)


def test_pixels_fade_evenly():
    first, second = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert crossfade(first, second, 4)[:, 0, 0, 0].tolist() == [0, 85, 170, 255]


def test_what_is_asked_of_a_finished_folder(study, drawn, tmp_path):
    pictures = [tmp_path / "one.png", tmp_path / "other.png"]
    for path, level in zip(pictures, (80, 160), strict=True):
        cv2.imwrite(str(path), np.full((30, 20, 3), level, np.uint8))
    written = show_autoencoder(
        study.folder, out=tmp_path, sample=5, interpolate=tuple(pictures), anomaly=drawn.train_data
    )
    assert [path.name for path in written] == [
        "samples.png",
        "interpolation.png",
        "anomaly.csv",
        "strangest.png",
        "skipped.csv",
    ]
    assert all(path.is_file() for path in written)
    assert cv2.imread(str(tmp_path / "interpolation.png")).shape[1] > 8 * 96
    with (tmp_path / "anomaly.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    scores = [float(row["anomaly"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    known = {row["name"]: float(row["anomaly"]) for row in read_codes(study.folder)}
    assert {row["name"]: float(row["anomaly"]) for row in rows} == pytest.approx(known, abs=2e-3)


def test_nothing_asked_and_no_folder_are_refused(study, tmp_path):
    with pytest.raises(ConfigError, match="nothing is asked"):
        show_autoencoder(study.folder, out=tmp_path)
    with pytest.raises(ModelError, match="holds no autoencoder"):
        show_autoencoder(tmp_path, out=tmp_path, sample=1)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_of_something_else_is_left_alone(drawn, tmp_path, resume):
    (tmp_path / "weights.safetensors").write_bytes(b"of a run")
    with pytest.raises(ConfigError, match="in use by something else"):
        study_autoencoder(drawn.train_data, drawn.train_labels, out=tmp_path, resume=resume)
    assert (tmp_path / "weights.safetensors").read_bytes() == b"of a run"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_that_cannot_be_read_leaves_nothing_behind(study, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(DataError):
        show_autoencoder(
            study.folder,
            out=tmp_path / "out",
            sample=2,
            interpolate=(tmp_path / "bad.png", tmp_path / "bad.png"),
        )
    assert not (tmp_path / "out").exists()
