"""The manifest: its laws, and its way to a file and back."""

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.cells.manifest import COLUMNS, Cell, Manifest, read_manifest
from laveran.errors import DataError

CELL = Cell("a.png", 1, "P1", "P1_photo", 64, 48, "00", "cells.zip")
# What a listing lets through: all that can be written, without control characters.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1)
CELLS = st.builds(
    Cell,
    name=TEXT,
    label=st.sampled_from([0, 1, None]),
    patient=st.none() | TEXT,
    photo=st.none() | TEXT,
    width=st.integers(1, 10**6),
    height=st.integers(1, 10**6),
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    source=TEXT,
)
MANIFESTS = st.lists(CELLS, unique_by=lambda cell: cell.name).map(lambda c: Manifest(tuple(c)))


def manifest(*changes):
    return Manifest(tuple(replace(CELL, name=f"{n}.png", **c) for n, c in enumerate(changes)))


@given(MANIFESTS)
def test_what_is_written_is_read(cells):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cells.csv"
        cells.write(path)
        assert read_manifest(path) == cells
        assert read_manifest(path).checksum == cells.checksum


def test_a_name_stands_for_one_cell():
    with pytest.raises(DataError, match=r"'a\.png' twice"):
        Manifest((CELL, CELL))


def test_columns_as_arrays():
    cells = manifest({"label": 1}, {"label": None, "patient": None}, {"label": 0})
    assert cells.labels.tolist() == [1, -1, 0]
    assert cells.patients.tolist() == ["P1", "", "P1"]
    assert cells.names == ["0.png", "1.png", "2.png"]


def test_controls_are_the_cells_of_patients_without_a_parasitized_cell():
    cells = [
        replace(CELL, name=name, label=label, patient=patient)
        for name, label, patient in [("a", 1, "I"), ("b", 0, "I"), ("c", 0, "K"), ("d", None, "K")]
    ]
    assert Manifest(tuple(cells)).controls.tolist() == [False, False, True, True]
    cells.append(replace(CELL, name="e", label=0, patient=None))
    assert not Manifest(tuple(cells)).controls.any()  # whose e is, nobody knows


@pytest.mark.parametrize(
    ("second", "grouping", "groups"),
    [
        ({}, "patient", ["P1", "P1"]),
        ({"patient": None}, "photo", ["P1", "P1_photo"]),
        ({"patient": None, "photo": None}, "cell", ["P1", "1.png"]),
    ],
)
def test_cells_are_grouped_by_the_coarsest_unit_known(second, grouping, groups):
    cells = manifest({}, second)
    assert cells.grouping == grouping
    assert cells.groups.tolist() == groups


def test_selecting_and_slicing_keep_the_order_asked_for():
    cells = manifest({}, {}, {})
    assert cells.select([2, 0]).names == ["2.png", "0.png"]
    assert cells[1:].names == ["1.png", "2.png"]


@pytest.mark.parametrize("change", [{"label": 0}, {"patient": "P2"}, {"sha256": "01"}])
def test_the_checksum_sees_what_matters(change):
    assert manifest(change).checksum != manifest({}).checksum


def test_the_checksum_sees_the_order():
    cells = manifest({}, {})
    assert cells.select([1, 0]).checksum != cells.checksum


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,label\n", "lacks height, patient"),
        ("", "lacks"),
        (f"{','.join(COLUMNS)}\na.png,2,,,1,1,00,z\n", "line 2"),
        (f"{','.join(COLUMNS)}\na.png,1,,,wide,1,00,z\n", "line 2"),
        (f"{','.join(COLUMNS)}\na.png,1,,,1,1,00\n", "line 2: the row is cut off"),
        ("\xff\xfe", "not a CSV in UTF-8"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, content, message):
    path = tmp_path / "cells.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(DataError, match=message):
        read_manifest(path)


def test_a_missing_manifest_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot read the manifest .*nothing\.csv"):
        read_manifest(tmp_path / "nothing.csv")


def test_a_manifest_saved_by_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "cells.csv"
    Manifest((CELL,)).write(path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_manifest(path) == Manifest((CELL,))
