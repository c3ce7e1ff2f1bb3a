"""The list of what was left out."""

import csv

from laveran.cells.skipped import Skipped, write_skipped


def test_names_and_reasons_survive_commas_quotes_and_letters(tmp_path):
    rows = [Skipped('a, "b".png', "no label"), Skipped("Zelle_ä.png", "cut off, damaged")]
    write_skipped(tmp_path / "skipped.csv", rows)
    with (tmp_path / "skipped.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["name", "reason"], *map(list, rows)]


def test_nothing_skipped_is_a_header(tmp_path):
    write_skipped(tmp_path / "skipped.csv", [])
    assert (tmp_path / "skipped.csv").read_text() == "name,reason\n"
