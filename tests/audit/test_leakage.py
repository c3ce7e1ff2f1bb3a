"""Who is on both sides of a given split."""

import pytest

from laveran.audit.leakage import Leak, find_leaks, read_split
from laveran.errors import LabelsError

NAMES = ["cells/a.png", "cells/b.png", "cells/c.png"]


def split_table(folder, text):
    path = folder / "labels.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("column", ["split", "Part", "fold", "subset"])
def test_parts_are_read_from_a_column(tmp_path, column):
    path = split_table(tmp_path, f"img_name,label,{column}\na.png,1,train\nc,0,test\nz.png,1,x\n")
    assert read_split(path, NAMES) == ("train", "", "test")


def test_a_table_without_such_a_column_tells_no_split(tmp_path):
    assert read_split(split_table(tmp_path, "img_name,label\na.png,1\n"), NAMES) is None


def test_a_cell_in_two_parts_is_refused(tmp_path):
    path = split_table(tmp_path, "img_name,part\na.png,train\ncells/a.png,test\n")
    with pytest.raises(LabelsError, match=r"line 3: 'cells/a\.png' is in 'test', but in 'train'"):
        read_split(path, NAMES)


def test_groups_in_several_parts_are_leaks_the_largest_first():
    groups = ["A", "B", "A", "B", "B", "C", "D", "D"]
    parts = ["train", "train", "test", "valid", "test", "test", "train", ""]
    assert find_leaks(groups, parts) == [
        Leak("B", {"train": 1, "valid": 1, "test": 1}),
        Leak("A", {"train": 1, "test": 1}),
    ]
