"""What readers of cells say together."""

import numpy as np
import pytest

from laveran.cells.consensus import consensus
from laveran.cells.manifest import Cell, Manifest
from laveran.cells.readings import CellReading, KeyRow, read_tables, write_key
from laveran.errors import LabelsError

# a patient with parasitized cells, and a control
CELLS = [("a", 1, "I"), ("b", 1, "I"), ("c", 0, "I"), ("d", 0, "I"), ("e", 0, "K")]
MANIFEST = Manifest(
    tuple(Cell(f"cells/{n}.png", label, who, who, 9, 9, n, "z.zip") for n, label, who in CELLS)
)


def says(**readings):
    return [CellReading(f"{name}.png", reading) for name, reading in readings.items()]


def test_where_nobody_read_the_label_stands():
    found = consensus(MANIFEST, [says(a=1)])
    assert found.targets.tolist() == [1, 1, 0, 0, 0]
    assert found.targets.dtype == np.float32
    assert (found.n_read, found.n_contradicted, found.n_doubted) == (1, 0, 0)


def test_a_sure_reader_corrects_labels_of_both_kinds():
    found = consensus(MANIFEST, [says(a=0, c=1)])
    assert found.targets.tolist() == [0, 1, 1, 0, 0]
    assert (found.n_read, found.n_contradicted, found.n_doubted) == (2, 2, 0)


def test_who_is_unsure_doubts_parasites_alone():
    found = consensus(MANIFEST, [says(a=None, c=None)])
    assert found.targets.tolist() == [0.5, 1, 0, 0, 0]
    assert (found.n_contradicted, found.n_doubted) == (0, 1)


def test_votes_are_averaged():
    tables = [says(a=0, b=1, c=1), says(a=0, b=0, c=1), says(a=None)]
    found = consensus(MANIFEST, tables)
    assert found.targets == pytest.approx([1 / 6, 0.5, 1, 0, 0])
    assert (found.n_read, found.n_contradicted, found.n_doubted) == (3, 2, 1)


def test_controls_have_no_parasite_to_be_seen():
    found = consensus(MANIFEST, [says(e=1)])
    assert found.targets.tolist() == [1, 1, 0, 0, 0]
    assert found.n_read == 0


def test_cells_of_other_data_are_passed_over_unless_all_are():
    assert consensus(MANIFEST, [says(a=0, z=1)]).n_read == 1
    with pytest.raises(LabelsError, match="none of the 1 cells"):
        consensus(MANIFEST, [says(a=0), says(z=1)])


def test_a_page_is_read_by_its_key(tmp_path):
    write_key(tmp_path / "key.csv", [KeyRow("x-1", "cells/a.png", "I", "1", "random")])
    (tmp_path / "read.csv").write_text("id,reading\nx-1,none\n")
    found = consensus(MANIFEST, read_tables([tmp_path / "read.csv"], tmp_path / "key.csv"))
    assert found.targets.tolist() == [0, 1, 0, 0, 0]


def test_two_readings_are_two_consensuses():
    first, second = consensus(MANIFEST, [says(a=0)]), consensus(MANIFEST, [says(b=0)])
    assert first.checksum == consensus(MANIFEST, [says(a=0)]).checksum != second.checksum


def drawn(reader, part="random"):
    return [CellReading(read.name, read.reading, part) for read in reader]


def test_what_all_readers_agree_on_is_known_by_part():
    first = [*drawn(says(a=1, b=0, c=None, d=0)), *drawn(says(e=0), "disputed")]
    second = [*drawn(says(a=1, b=1, c=None)), *drawn(says(e=0), "disputed")]
    found = consensus(MANIFEST, [first, second]).agreed
    assert found == {"random": {"cells/a.png": 1}, "disputed": {"cells/e.png": 0}}


def test_cells_of_another_or_no_stated_part_are_not_called_random():
    assert consensus(MANIFEST, [says(a=1)]).agreed == {"unstated": {"cells/a.png": 1}}
    assert consensus(MANIFEST, [says(a=1), drawn(says(a=1))]).agreed == {}


def test_a_cell_may_be_named_in_several_ways_but_read_once():
    named = [CellReading("a", 0), CellReading("cells/a.png", 0)]
    assert consensus(MANIFEST, [named, says(a=1)]).targets[0] == 0.5
    with pytest.raises(LabelsError, match=r"cells/a\.png has two readings by one reader"):
        consensus(MANIFEST, [[*named, CellReading("a.png", 1)]])


def test_a_reader_counts_once(tmp_path):
    path = tmp_path / "read.csv"
    path.write_text("img_name,reading\na.png,none\n")
    with pytest.raises(LabelsError, match="given twice"):
        read_tables([path, tmp_path / "." / "read.csv"])


def test_an_empty_table_is_refused():
    with pytest.raises(LabelsError, match="none of the 0 cells that were read is in the data"):
        consensus(MANIFEST, [[]])
