import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.cells.manifest import Cell, Manifest
from laveran.errors import SplitError
from laveran.training.search_division import LOCKED, Division


def cells(patients, per_patient=10, controls=0):
    """Cells of patients, the last of them controls."""
    return Manifest(
        tuple(
            Cell(
                f"{patient}/{number}.png",
                number % 2 if patient < patients - controls else 0,
                f"P{patient}", None, 64, 64, "00", "cells.zip",
            )
            for patient in range(patients)
            for number in range(per_patient)
        )
    )  # fmt: skip


@given(st.integers(0, 50), st.integers(2, 4), st.integers(12, 30))
def test_every_patient_is_in_one_part_and_the_locked_on_no_side(seed, folds, patients):
    manifest = cells(patients, controls=patients // 4)
    division = Division.of(manifest, folds, seed)
    parts = np.array(division.parts)
    assert set(parts) == {"locked", *(f"fold {number}" for number in range(folds))}
    for patient in set(manifest.patients):
        assert len(set(parts[manifest.patients == patient])) == 1
    assert 0.1 < division.locked.mean() < 0.3
    scored = np.zeros(len(manifest), int)
    for number in range(folds):
        learned, test = division.sides(number)
        assert not (learned & test).any()
        assert not ((learned | test) & division.locked).any()
        assert ((learned | test) == ~division.locked).all()
        scored += test
    assert (scored == ~division.locked).all()


def test_the_seed_decides_and_the_order_of_the_cells_does_not():
    manifest = cells(20)
    first, again, other = (Division.of(manifest, 3, seed) for seed in (1, 1, 2))
    assert first.sha256 == again.sha256 != other.sha256
    backwards = Division.of(manifest.select(range(len(manifest) - 1, -1, -1)), 3, 1)
    assert backwards.sha256 == first.sha256
    assert (backwards.fold[::-1] == first.fold).all()


def test_without_patients_the_division_says_so():
    manifest = Manifest(
        tuple(Cell(f"{i}.png", i % 2, None, None, 64, 64, "0", "z") for i in range(60))
    )
    assert Division.of(manifest, 3, 0).unit == "cell"


@pytest.mark.parametrize("manifest", [cells(3), cells(4, controls=3)])
def test_too_few_patients_are_refused(manifest):
    with pytest.raises(SplitError):
        Division.of(manifest, 3, 0)
    assert LOCKED == -1


def test_a_part_of_one_class_is_refused():
    with pytest.raises(SplitError, match="cells of one class only; ask for fewer folds"):
        Division.of(cells(8, controls=6), 3, 0)
