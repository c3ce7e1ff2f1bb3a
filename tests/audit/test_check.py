"""The check as a whole: what it finds, what it writes, and that it writes all or nothing."""

import csv
import json
import re
import sys

import numpy as np
import pytest

from audit_data import write_data, write_run
from hostile import encode
from laveran.audit import check_files
from laveran.audit.check import check
from laveran.errors import ArchiveError, ConfigError, DataError, OutputError


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def plain(drawn, tmp_path_factory):
    """A check without a run, and its folder."""
    folder = tmp_path_factory.mktemp("plain") / "new" / "check"
    return check(drawn.data, drawn.labels, out=folder), folder


@pytest.fixture(scope="module")
def with_run(drawn, run_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "check"
    return check(drawn.data, drawn.labels, model=run_folder, out=folder), folder


def test_the_summary_counts_what_there_is(plain):
    summary = plain[0].summary
    assert (summary.n_cells, summary.n_parasitized, summary.n_unlabelled) == (64, 24, 0)
    assert (summary.n_patients, summary.n_controls, summary.n_photos) == (8, 2, 16)
    assert (summary.cells_per_patient.least, summary.cells_per_patient.most) == (8, 8)
    widths = [cell.width for cell in plain[0].manifest]
    assert (summary.width_px.least, summary.width_px.most) == (min(widths), max(widths))


def test_clean_data_raise_no_alarm_and_leave_their_files(plain):
    found, folder = plain
    assert found.alarms == ()
    assert found.suspects is None
    assert len(found.probes) == 4
    assert {path.name for path in folder.iterdir()} == {
        *("check.html", "check.json", "twins.csv", "left_out.csv"),
    }
    assert json.loads((folder / "check.json").read_text()) == found.to_json()
    assert "No two cells are near-duplicates" in (folder / "check.html").read_text()


def test_suspects_are_listed_and_shown_with_the_evidence_of_their_fold(with_run, drawn, wrong):
    found, folder = with_run
    listed = rows(folder / "suspects.csv")
    assert [row["name"] for row in listed] == [drawn.manifest[place].name for place in wrong]
    assert [float(row["quality"]) for row in listed] == sorted(
        float(row["quality"]) for row in listed
    )
    assert found.suspects.count(0) + found.suspects.count(1) == 4
    page = (folder / "check.html").read_text()
    assert page.count('alt="The evidence in it"') == 4
    assert "src=http" not in page.replace('"', "")


def test_suspects_without_networks_are_shown_without_evidence(drawn, probability, tmp_path):
    parts = ["test"] * len(drawn.manifest)
    run = write_run(tmp_path / "run", drawn.manifest, probability, parts)
    check(drawn.data, drawn.labels, model=run, out=tmp_path / "check")
    page = (tmp_path / "check" / "check.html").read_text()
    assert "The evidence in it" not in page
    assert page.count('alt="The cell cells/') == 4


def test_a_run_that_judged_some_of_the_cells_says_so(with_run, drawn, probability, tmp_path):
    n_cells = len(drawn.manifest)
    parts = ["train"] * 8 + ["test"] * (n_cells - 8)
    some = np.where(np.arange(n_cells) < 8, np.nan, probability)
    run = write_run(tmp_path / "run", drawn.manifest, some, parts)
    note = f"of the {n_cells:,} cells {n_cells - 8:,} were held out by "
    assert check(drawn.data, drawn.labels, model=run).notes[-1].startswith(note)
    assert not any("were held out by" in each for each in with_run[0].notes)


NEVER_SAW = re.compile(r"never\s+saw")


def test_a_run_that_met_the_patients_is_not_praised(with_run, drawn, probability, tmp_path):
    parts = [f"fold {place % 2}" for place in range(len(drawn.manifest))]
    run = write_run(tmp_path / "run", drawn.manifest, probability, parts)
    found = check(drawn.data, drawn.labels, model=run, out=tmp_path / "check")
    assert found.alarms[-1] in found.suspects.run.doubts
    page = (tmp_path / "check" / "check.html").read_text()
    assert not NEVER_SAW.search(page)
    assert page.count("may have learned from other cells of") == 2
    assert len(NEVER_SAW.findall((with_run[1] / "check.html").read_text())) == 2


@pytest.fixture
def leaky(pictures, tmp_path):
    """Cells of which one is there again, turned, as another patient's, and split by cell."""
    more = dict(pictures)
    image, label = pictures["cells/C1ThinF_IMG_0_cell_0.png"]
    more["cells/C7ThinF_IMG_1_cell_99.png"] = np.ascontiguousarray(np.rot90(image)), 1 - label
    drawn = write_data(tmp_path, more)
    lines = drawn.labels.read_text().splitlines()
    parts = ["part", *(("train", "test")[i % 2] for i in range(len(lines) - 1))]
    drawn.labels.write_text(
        "".join(f"{row},{part}\n" for row, part in zip(lines, parts, strict=True))
    )
    return drawn


def test_twins_and_leaks_are_alarms(leaky, tmp_path):
    folder = tmp_path / "check"
    found = check(leaky.data, leaky.labels, out=folder)
    assert len(found.alarms) == 3
    assert found.alarms[0] == "1 pair of near-duplicates of two different patients"
    assert found.alarms[1] == "1 pair of near-duplicates of two different labels"
    assert found.alarms[2].startswith("8 patients on more than one side of the split in ")
    (twin,) = rows(folder / "twins.csv")
    assert (twin["patient"], twin["twin_patient"]) == ("C1", "C7")
    assert (twin["label"], twin["twin_label"], float(twin["distance"])) == ("1", "0", 0)
    leaks = rows(folder / "leaks.csv")
    assert {row["part"] for row in leaks if row["patient"] == "C1"} == {"train", "test"}
    page = (folder / "check.html").read_text()
    assert "two patients and labels" in page
    assert page.count("Leak or contradiction:") == 3
    assert found.to_json()["splits"][0]["parts"] == {"train": 33, "test": 32}


def test_twins_across_a_split_of_whole_patients_are_found(leaky, tmp_path):
    text = ["img_name,label,split"]
    for name, label in [line.split(",")[:2] for line in leaky.labels.read_text().splitlines()[1:]]:
        text.append(f"{name},{label},{'test' if '/C7' in name else 'train'}")
    leaky.labels.write_text("\n".join(text))
    found = check(leaky.data, leaky.labels)
    assert found.splits[0].leaks == ()
    assert [alarm.partition(" the split")[0] for alarm in found.alarms][2:] == [
        "1 pair of near-duplicates across"
    ]


def test_what_was_left_out_is_listed(drawn, pictures, tmp_path):
    folder = tmp_path / "cells"
    for name, (image, label) in list(pictures.items())[:6]:
        path = folder / ("Parasitized" if label else "Uninfected") / name.rpartition("/")[2]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(image))
    (folder / "Uninfected" / "broken.png").write_bytes(b"a text")
    found = check(folder, out=tmp_path / "check")
    assert rows(tmp_path / "check" / "left_out.csv")[0]["name"] == "Uninfected/broken.png"
    assert found.probes == ()
    assert any(note.startswith("shortcuts were not probed: ") for note in found.notes)


def test_cells_without_labels_can_be_checked(drawn, tmp_path):
    found = check(drawn.data, out=tmp_path / "check")
    assert found.summary.n_unlabelled == 64
    assert found.probes == ()


def test_a_check_without_a_run_removes_the_list_of_an_older_one(drawn, run_folder, tmp_path):
    check(drawn.data, drawn.labels, model=run_folder, out=tmp_path)
    assert (tmp_path / "suspects.csv").exists()
    check(drawn.data, drawn.labels, out=tmp_path)
    assert not (tmp_path / "suspects.csv").exists()


def test_nothing_is_written_where_something_fails(drawn, run_folder, tmp_path, monkeypatch):
    out = tmp_path / "check"
    with pytest.raises(ArchiveError):
        check(tmp_path / "none.zip", out=out)
    monkeypatch.setattr(check_files, "render", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        check(drawn.data, drawn.labels, out=out)
    assert not out.exists()


def test_without_cleanlab_only_a_check_with_a_run_fails(drawn, run_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(ConfigError, match="cleanlab"):
        check(drawn.data, drawn.labels, model=run_folder)
    assert check(drawn.data, drawn.labels).suspects is None


def test_a_run_on_other_data_is_refused(drawn, run_folder, tmp_path, pictures):
    other = write_data(tmp_path, {"other.png": pictures["cells/C1ThinF_IMG_0_cell_0.png"]})
    with pytest.raises(DataError, match="it is of other data"):
        check(other.data, other.labels, model=run_folder)


def test_a_place_that_cannot_be_written_is_one_sentence(drawn, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        check(drawn.data, drawn.labels, out=tmp_path / "file")


def test_progress_is_told(drawn):
    calls = []
    check(drawn.data, drawn.labels, watch=lambda *call: calls.append(call))
    assert ("look", 64, 64, {}) in calls
    assert ("compare", 64, 64, {}) in calls
