"""Data sets of drawn cells: balanced, in any part the same, not solved by a threshold."""

import csv
import io
import zipfile

import cv2
import numpy as np
import pytest

from laveran.cells.manifest import Cell, Manifest
from laveran.cells.synthetic_dataset import (
    Population,
    draw_dataset,
    encode_png,
    is_synthetic,
    write_cells,
)
from laveran.errors import ConfigError

SMALL = Population(cells_per_patient=4, seed=9)


@pytest.fixture(scope="module")
def cells():
    return list(draw_dataset(range(1, 21), Population(cells_per_patient=18, seed=1)))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    population = Population(cells_per_patient=4, seed=2)
    folder = tmp_path_factory.mktemp("synthetic")
    return write_cells(folder, population, train_patients=4, test_patients=4)


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_any_part_of_a_data_set_is_the_same_drawn_by_itself():
    whole = {cell.name: cell for cell in draw_dataset(range(1, 4), SMALL)}
    alone = list(draw_dataset([3], SMALL))
    assert [cell.name for cell in alone] == [name for name in whole if name.startswith("S003")]
    for cell in alone:
        assert np.array_equal(cell.image, whole[cell.name].image)
        assert cell.label == whole[cell.name].label


def test_another_seed_is_another_data_set():
    other = Population(cells_per_patient=4, seed=10)
    pairs = zip(draw_dataset([1], SMALL), draw_dataset([1], other), strict=True)
    assert all(one.image.tobytes() != two.image.tobytes() for one, two in pairs)


def test_names_tell_the_patient_and_are_unique(cells):
    assert len({cell.name for cell in cells}) == len(cells)
    assert len({cell.patient for cell in cells}) == 20
    for cell in cells:
        assert cell.name.split("ThinF")[0] == cell.patient
        assert cell.patient.startswith("S")


def test_half_of_the_cells_are_parasitized_and_a_quarter_of_the_patients_are_controls(cells):
    labels = np.array([cell.label for cell in cells])
    patients = np.array([cell.patient for cell in cells])
    per_patient = [labels[patients == patient].mean() for patient in np.unique(patients)]
    assert labels.mean() == pytest.approx(0.5)
    assert per_patient.count(0) == 5
    assert sorted(set(np.round(per_patient, 3))) == [0, 0.667]


def test_balance_is_set():
    population = Population(cells_per_patient=4, controls=0.5, parasitized=1)
    drawn = list(draw_dataset([1, 2], population))
    assert [cell.label for cell in drawn] == [1] * 4 + [0] * 4
    assert {cell.stage is None for cell in drawn if cell.label} == {False}


def test_label_noise_changes_labels_and_nothing_else():
    clean = list(draw_dataset([1, 2], Population(cells_per_patient=8)))
    noisy = list(draw_dataset([1, 2], Population(cells_per_patient=8, label_noise=0.4)))
    assert [cell.y_true for cell in noisy] == [cell.label for cell in clean]
    assert 0 < sum(cell.label != cell.y_true for cell in noisy) < 16
    assert all(a.image.tobytes() == b.image.tobytes() for a, b in zip(clean, noisy, strict=True))


@pytest.mark.parametrize("setting", ["controls", "parasitized", "misleading", "label_noise"])
def test_a_share_beyond_one_is_refused(setting):
    with pytest.raises(ConfigError, match=f"{setting} is 1.5"):
        Population(**{setting: 1.5})


def test_impossible_counts_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="at least one cell"):
        Population(cells_per_patient=0)
    with pytest.raises(ConfigError, match="counted from 1"):
        next(draw_dataset([0]))
    with pytest.raises(ConfigError, match="one train and one test"):
        write_cells(tmp_path, test_patients=0)


def auroc(scores, labels):
    order = np.argsort(np.argsort(scores))
    positives = labels.sum()
    above = order[labels == 1].sum() - positives * (positives - 1) / 2
    return above / (positives * (len(labels) - positives))


def test_neither_size_nor_colour_nor_darkness_solves_it(cells):
    labels = np.array([cell.label for cell in cells])
    masks = [cell.image.any(axis=2) for cell in cells]
    shortcuts = {
        "width": [mask.shape[1] for mask in masks],
        "height": [mask.shape[0] for mask in masks],
        "area": [mask.sum() for mask in masks],
        "margin": [mask.mean() for mask in masks],
        "red": [c.image[m][:, 0].mean() for c, m in zip(cells, masks, strict=True)],
        "blue": [c.image[m][:, 2].mean() for c, m in zip(cells, masks, strict=True)],
    }
    for name, scores in shortcuts.items():
        assert 0.35 < auroc(np.array(scores), labels) < 0.65, name
    purple = np.array([darkest_green(c.image, m) for c, m in zip(cells, masks, strict=True)])
    best = max(np.mean((purple < threshold) == labels) for threshold in purple)
    assert 0.8 < best < 0.955


def darkest_green(image, mask):
    """How far the darkest green within a cell lies from the cell's median."""
    core = cv2.erode(mask.astype(np.uint8), np.ones((9, 9))) > 0
    green = image[:, :, 1][core].astype(float)
    return green.min() - np.median(green)


def test_the_files_have_the_homeworks_layout(written):
    for part, archive, labels in (
        ("train", written.train_data, written.train_labels),
        ("test", written.test_data, written.test_labels),
    ):
        table = rows(labels)
        assert list(table[0]) == ["img_name", "label"]
        with zipfile.ZipFile(archive) as opened:
            assert opened.testzip() is None
            assert sorted(opened.namelist()) == sorted(f"{part}/{row['img_name']}" for row in table)
        assert {row["label"] for row in table} == {"0", "1"}
    sample = rows(written.sample_submission)
    assert {row["img_name"] for row in sample} == {r["img_name"] for r in rows(written.test_labels)}
    assert {row["label"] for row in sample} == {"0"}


def test_train_and_test_share_no_patient(written):
    train, test = (
        {row["img_name"].split("ThinF")[0] for row in rows(path)}
        for path in (written.train_labels, written.test_labels)
    )
    assert len(train) == len(test) == 4
    assert not train & test


def test_the_files_are_the_same_again(written, tmp_path):
    population = Population(cells_per_patient=4, seed=2)
    again = write_cells(tmp_path, population, train_patients=4, test_patients=4)
    assert again.train_data.read_bytes() == written.train_data.read_bytes()
    assert again.train_labels.read_bytes() == written.train_labels.read_bytes()


def test_everything_says_synthetic(written):
    assert "synthetic" in (written.train_data.parent / "SYNTHETIC.txt").read_text()
    for archive in (written.train_data, written.test_data):
        with zipfile.ZipFile(archive) as opened:
            assert b"synthetic" in opened.comment
            assert all(b"synthetic" in opened.read(name) for name in opened.namelist())


def test_the_text_in_a_png_harms_no_pixel(cells):
    image = cells[0].image
    decoded = cv2.imdecode(np.frombuffer(encode_png(image), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), image)


def test_real_names_are_not_taken_for_synthetic_ones(cells):
    def manifest(name):
        return Manifest((Cell(name, 1, "P", None, 60, 60, "00", "cells.zip"),))

    assert is_synthetic(manifest(f"train/{cells[0].name}"))
    assert not is_synthetic(manifest("C100P61ThinF_IMG_20150918_144104_cell_162.png"))
