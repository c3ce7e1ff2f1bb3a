"""Tables of readings and their keys."""

import pytest

from laveran.cells.readings import CellReading, KeyRow, read_key, read_readings, write_key
from laveran.errors import LabelsError

ROWS = [
    KeyRow("ab-001", "cells/a.png", "P1", "1", "random"),
    KeyRow("ab-002", "cells/b.png", "", "0", "disputed"),
]


@pytest.fixture
def key(tmp_path):
    write_key(tmp_path / "key.csv", ROWS)
    return read_key(tmp_path / "key.csv")


def table(tmp_path, text):
    path = tmp_path / "readings.csv"
    path.write_text(text)
    return path


def test_a_key_comes_back(key):
    assert list(key.values()) == ROWS


def test_ids_are_resolved_by_the_key(tmp_path, key):
    path = table(tmp_path, "id,reading\nab-002,unsure\nab-001,none\n")
    assert read_readings(path, key) == (
        CellReading("cells/b.png", None, "disputed"),
        CellReading("cells/a.png", 0, "random"),
    )


@pytest.mark.parametrize(
    ("word", "reading"),
    [("p", 1), ("Parasite", 1), ("1", 1), ("N", 0), ("none", 0), ("uninfected", 0), ("u", None)],
)
def test_words_of_readers(tmp_path, word, reading):
    (row,) = read_readings(table(tmp_path, f"img_name;reading;part\na.png;{word};disputed\n"))
    assert row == CellReading("a.png", reading, "disputed")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,reading\nab-001,perhaps\n", "line 2: 'perhaps' is none of parasite"),
        ("id,reading\nab-009,none\n", "'ab-009' is not in the key"),
        ("id,reading\nab-001,none\nab-001,unsure\n", "line 3: the cell has another reading"),
        ("id,reading\nab-001,\n", "holds no reading"),
        ("id,remark\nab-001,x\n", r"lacks a column with its reading \(reading\): it has id"),
        ("which,reading\nab-001,p\n", "lacks a column with the cell"),
    ],
)
def test_what_cannot_be_understood_is_refused(tmp_path, key, text, message):
    with pytest.raises(LabelsError, match=message):
        read_readings(table(tmp_path, text), key)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,reading\na,p\n", "is no key"),
        ("id,name,patient,label,part\na,b\n", "line 2: not a row"),
    ],
)
def test_another_table_is_no_key(tmp_path, text, message):
    with pytest.raises(LabelsError, match=message):
        read_key(table(tmp_path, text))
