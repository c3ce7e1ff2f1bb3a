"""Which cells a model learned from."""

import shutil

import numpy as np
import pytest

from audit_data import write_run
from laveran.cells.manifest import Cell, Manifest
from laveran.errors import ModelError
from laveran.model.evaluation import evaluate
from laveran.model.learned import Learned
from laveran.model.runtime import load
from small_model import small_contract, write_small_model

CELLS = Manifest(
    tuple(
        Cell(f"{patient}_{n}.png", 0, patient, None, 9, 9, f"{patient}{n}", "cells.zip")
        for patient in ("A", "B", "C", None)
        for n in range(2)
    )
)


@pytest.fixture
def file(tmp_path):
    return write_small_model(tmp_path / "model.onnx")


def run_of(file, parts):
    """The file in the folder of a run of these parts."""
    run = write_run(file.parent / "run", CELLS, np.full(len(CELLS), np.nan), parts)
    shutil.copy(file, run / "model.onnx")
    return run


def test_a_file_alone_does_not_tell(file):
    assert Learned.by(load(file)).among(CELLS, CELLS) is None


def test_a_checksum_tells_of_all_cells_together(file):
    training = small_contract().training.model_copy(update={"data_sha256": CELLS.checksum})
    model = load(write_small_model(file, metadata=small_contract(training=training)))
    some = CELLS.select(np.array([1, 4, 6]))
    assert Learned.by(model).among(some, CELLS).tolist() == [True] * 3
    assert Learned.by(model).among(some, some) is None


def test_a_run_folder_tells_of_its_cells_and_their_patients(file):
    parts = ["train", "train", "valid", "valid", "test", "test", "test", "train"]
    model = load(run_of(file, parts))
    assert Learned.by(model).among(CELLS, CELLS).tolist() == [True] * 4 + [False] * 3 + [True]
    others = Manifest(
        tuple(
            Cell(f"new_{patient}.png", 0, patient, None, 9, 9, f"new {patient}", "other.zip")
            for patient in ("A", "B", "C", "D", None)
        )
    )
    assert Learned.by(model).among(others, others).tolist() == [True, True, False, False, False]


def test_of_the_folds_of_a_run_every_cell_was_learned_from(file):
    model = load(run_of(file, [f"fold {n % 2}" for n in range(len(CELLS))]))
    assert Learned.by(model).among(CELLS, CELLS).all()


def test_a_damaged_list_is_refused_before_anything_is_scored(file):
    run = run_of(file, ["train"] * len(CELLS))
    (run / "cells.csv").write_text("name,label\nA_0.png,0\n")
    with pytest.raises(ModelError, match=r"cells\.csv cannot be read"):
        evaluate("none.zip", model=run)
