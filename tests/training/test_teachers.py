import csv

import numpy as np
import pytest
import torch

from laveran.errors import ConfigError, ModelError
from laveran.training import train
from laveran.training.teachers import Teacher, read_teacher, require_same_division, soft_targets

CPU = torch.device("cpu")

pytestmark = pytest.mark.slow  # two trainings over folds


@pytest.fixture(scope="module")
def cells(drawn):
    return (drawn.train_data, drawn.train_labels)


@pytest.fixture(scope="module")
def taught(cells, tiny, tmp_path_factory):
    """A teacher with 2 folds and its student; not to be written to."""
    runs = tmp_path_factory.mktemp("runs")
    teacher = train(*cells, out=runs / "teacher", recipe=tiny, folds=2)
    student = train(
        *cells,
        out=runs / "student",
        recipe=tiny.replace(teacher_share=1.0),
        folds=2,
        teachers=[teacher.folder],
    )
    return teacher, student


@pytest.fixture(scope="module")
def teacher(taught, cells):
    return read_teacher(taught[0].folder, *cells, (), None)


def published(folder):
    with (folder / "predictions.csv").open(newline="") as file:
        return {row["name"]: float(row["probability"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("fold", [0, 1])
def test_an_opinion_is_what_the_fold_published(teacher, fold):
    opinion = dict(zip(teacher.feed.manifest.names, teacher.opinion(fold, CPU), strict=True))
    for name, probability in published(teacher.folder.fold(fold).path).items():
        assert opinion[name] == pytest.approx(probability, abs=1e-5)


def test_targets_mix_labels_and_mean_opinion(teacher):
    labels = teacher.feed.manifest.labels
    mean = (teacher.opinion(0, CPU) + teacher.opinion(1, CPU)) / 2
    found = soft_targets([teacher], labels, 0.25, [0, 1], CPU)
    np.testing.assert_allclose(found, 0.75 * labels + 0.25 * mean, atol=1e-6)
    assert found.dtype == np.float32


def test_without_a_share_the_labels_count(teacher):
    labels = teacher.feed.manifest.labels
    np.testing.assert_array_equal(soft_targets([teacher], labels, 0.0, [None], CPU), labels)


def test_in_each_fold_the_teachers_networks_of_that_fold_are_asked(
    taught, cells, tiny, tmp_path, monkeypatch
):
    asked = []
    opinion = Teacher.opinion

    def spied(teacher, fold, device):
        asked.append(fold)
        return opinion(teacher, fold, device)

    monkeypatch.setattr(Teacher, "opinion", spied)
    recipe = tiny.replace(epochs=1)
    train(*cells, out=tmp_path / "run", recipe=recipe, folds=2, teachers=[taught[0].folder])
    assert asked == [0, 1, 0, 1]  # each fold its own; the fit on all patients asks both


def test_what_taught_it_is_published(taught):
    assert "taught by networks that never saw" in taught[1].protocol
    assert "taught" not in taught[0].protocol


def test_a_student_learns_otherwise_than_from_labels_alone(taught):
    teacher, student = taught
    for fold in ("folds/0", "folds/1"):
        alone, under = ((run.folder / fold / "weights.safetensors").read_bytes() for run in taught)
        assert alone != under
    assert published(student.folder).keys() == published(teacher.folder).keys()


@pytest.mark.parametrize("change", [{"seed": 1}, {"folds": 3}, {"by": "cell"}])
def test_a_teacher_of_another_division_is_refused(taught, cells, tiny, tmp_path, change):
    with pytest.raises(ConfigError, match=f"trained with another {next(iter(change))}"):
        train(
            *cells,
            out=tmp_path / "run",
            recipe=tiny,
            teachers=[taught[0].folder],
            **({"folds": 2} | change),
        )
    assert not (tmp_path / "run").exists()


def test_a_teacher_of_other_cells_is_refused(teacher):
    run = teacher.run | {"data_sha256": "00"}
    with pytest.raises(ConfigError, match="another data_sha256"):
        require_same_division([teacher], run)


def test_what_is_no_finished_run_is_refused(taught, cells, tmp_path):
    with pytest.raises(ModelError, match="there is no run to learn from"):
        read_teacher(tmp_path, *cells, (), None)
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "config.toml").write_bytes((taught[0].folder / "config.toml").read_bytes())
    with pytest.raises(ModelError, match="is not finished; resume its training"):
        read_teacher(unfinished, *cells, (), None)
