"""Blind re-reading: what is drawn, that the page tells nothing, and what readings are worth."""

import csv
import re

import numpy as np
import pytest

from audit_data import write_run
from laveran.audit.reread import draw_sample, reread
from laveran.audit.reread_score import score_readings
from laveran.audit.run import read_run
from laveran.cells.manifest import Manifest
from laveran.cells.pictures import decode
from laveran.cells.readings import read_key
from laveran.errors import ArchiveError, ConfigError, LabelsError
from laveran.metrics.readings import wilson


@pytest.fixture
def made(drawn, run_folder, tmp_path):
    return reread(
        drawn.data,
        drawn.labels,
        out=tmp_path / "page.html",
        sample=20,
        disputed=run_folder,
        disputed_count=2,
        seed=3,
    )


def test_the_key_tells_names_labels_patients_and_parts(made, drawn):
    assert tuple(read_key(made.key).values()) == made.rows
    assert made.key.name == "page_key.csv"
    assert (made.count("random"), made.count("disputed")) == (20, 2)
    cells = {cell.name: cell for cell in drawn.manifest}
    for row in made.rows:
        assert (row.patient, row.label) == (cells[row.name].patient, str(cells[row.name].label))


def test_the_page_shows_every_cell_as_it_is_in_the_order_of_the_key(made, pictures):
    import base64

    found = re.findall(
        r'data-id="([^"]+)" hidden><img src="data:image/png;base64,([^"]+)"',
        made.page.read_text(),
    )
    assert [name for name, _ in found] == [row.id for row in made.rows]
    for row, (_, png) in zip(made.rows, found, strict=True):
        assert np.array_equal(decode(base64.b64decode(png)), pictures[row.name][0])


def test_the_page_gives_nothing_away(made, drawn):
    page = re.sub(r"base64,[^\"]+", "", made.page.read_text())
    page = page[page.index("<main") : page.index("</main>")]
    for cell in drawn.manifest:
        assert cell.name not in page
        assert cell.name.rpartition("/")[2].partition(".")[0] not in page
        assert not re.search(rf"\b{cell.patient}\b", page)
    for word in ("parasitized", "uninfected", "random", "disputed", "probability", "cells.zip"):
        assert word not in page
    marked = re.findall(r"<li [^>]*>", page)
    assert {re.sub(r'"[^"]*"', "", tag) for tag in marked[:-1]} == {"<li data-id= hidden>"}


def test_disputed_cells_are_the_strongest_contradictions_outside_the_random_part(
    drawn, run_folder, wrong
):
    run = read_run(run_folder)
    for seed in range(20):
        rows = draw_sample(drawn.manifest, run, 30, 2, seed)
        random = {row.name for row in rows if row.part == "random"}
        expected = [name for place in wrong if (name := drawn.manifest[place].name) not in random][
            :2
        ]
        assert {row.name for row in rows if row.part == "disputed"} == set(expected)


def test_the_random_part_is_a_simple_random_sample(drawn):
    times = dict.fromkeys(drawn.manifest.names, 0)
    for seed in range(600):
        for row in draw_sample(drawn.manifest, None, 16, 0, seed):
            times[row.name] += 1
    share = np.array(list(times.values())) / 600
    assert abs(share - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 600)


def test_the_parts_are_mixed(drawn, run_folder):
    run = read_run(run_folder)
    first = [draw_sample(drawn.manifest, run, 4, 4, seed)[0].part for seed in range(60)]
    assert 10 < first.count("disputed") < 50


def test_the_draw_depends_on_names_and_seed_alone(drawn):
    turned = Manifest(drawn.manifest.cells[::-1])
    rows = draw_sample(drawn.manifest, None, 10, 0, 5)
    assert draw_sample(turned, None, 10, 0, 5) == rows
    assert draw_sample(turned, None, 10, 0, 6) != rows


def test_what_was_asked_for_and_is_not_there_is_noted(drawn, run_folder, tmp_path):
    made = reread(
        drawn.data, out=tmp_path / "a.html", sample=100, disputed=run_folder, disputed_count=5
    )
    assert made.count("random") == 64
    assert "there are only 64 cells: all of them are in the random part" in made.notes
    assert "the run contradicts 5 labels fewer than were asked for" in made.notes
    assert {row.label for row in made.rows} == {""}


def test_a_run_that_met_the_patients_is_noted(drawn, probability, tmp_path):
    parts = [f"fold {place % 2}" for place in range(len(drawn.manifest))]
    run = write_run(tmp_path / "run", drawn.manifest, probability, parts)
    made = reread(drawn.data, drawn.labels, out=tmp_path / "a.html", sample=5, disputed=run)
    assert read_run(run).doubts[0] in made.notes
    assert reread(drawn.data, drawn.labels, out=tmp_path / "b.html", sample=5).notes == ()


def test_the_key_of_another_page_is_not_overwritten(made, drawn):
    before = made.key.read_bytes()
    with pytest.raises(ConfigError, match=r"whose readings would be lost; choose another --out"):
        reread(drawn.data, out=made.page, sample=20, seed=4)
    assert made.key.read_bytes() == before


def test_the_same_page_may_be_made_again(made, drawn, run_folder):
    again = reread(
        drawn.data,
        drawn.labels,
        out=made.page,
        sample=20,
        disputed=run_folder,
        disputed_count=2,
        seed=3,
    )
    assert again.rows == made.rows


def test_data_that_cannot_be_read_leave_nothing(tmp_path):
    with pytest.raises(ArchiveError):
        reread(tmp_path / "none.zip", out=tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


def read_by(folder, name, rows, word):
    """A table of readings, `word` of each row."""
    path = folder / name
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("id", "reading"))
        table.writerows((row.id, word(row)) for row in rows)
    return path


def test_label_noise_is_that_of_the_random_part(made, tmp_path):
    random = [row for row in made.rows if row.part == "random"]
    missed = next(row for row in random if row.label == "1")

    def word(row):
        if row.part == "disputed":
            return "unsure"
        return "none" if row == missed else ("none", "parasite")[int(row.label)]

    path = read_by(tmp_path, "a.csv", made.rows, word)
    (reader,) = score_readings([path], made.key).readers
    assert list(reader.noise) == ["random", "disputed"]
    noise = reader.noise["random"]
    assert (noise.n_cells, noise.unsure.value) == (20, 0)
    assert noise.wrong == wilson(1, 20)
    assert noise.wrong_parasitized == wilson(1, sum(row.label == "1" for row in random))
    assert noise.wrong_uninfected.value == 0
    assert reader.noise["disputed"].unsure.value == 1


def test_pairs_of_readers_are_compared_on_what_both_read(made, tmp_path):
    first = read_by(tmp_path, "a.csv", made.rows, lambda row: ("none", "parasite")[int(row.label)])
    second = read_by(
        tmp_path, "b.csv", made.rows[3:], lambda row: ("none", "parasite")[int(row.label)]
    )
    third = read_by(tmp_path, "c.csv", made.rows[:1], lambda _: "unsure")
    found = score_readings([first, second, third], made.key)
    assert [(pair.first, pair.second) for pair in found.pairs] == [
        (str(first), str(second)),
        (str(first), str(third)),
        (str(second), str(third)),
    ]
    both = found.pairs[0].agreement
    assert both["random"].kappa.value == 1
    assert sum(each.n_cells for each in both.values()) == len(made.rows) - 3
    assert found.pairs[2].agreement == {}
    assert found.to_json()["pairs"][0]["agreement"]["random"]["kappa"]["value"] == 1


def test_the_same_table_twice_is_refused(made, tmp_path):
    path = read_by(tmp_path, "a.csv", made.rows, lambda _: "none")
    with pytest.raises(LabelsError, match="given twice"):
        score_readings([path, path], made.key)
