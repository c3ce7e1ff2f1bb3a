"""`laveran evaluate`: figures on the screen and in a file."""

import json

import pytest

from hostile import encode
from small_model import BLUE, RED, picture


@pytest.fixture
def labelled(tmp_path):
    """Cells in folders named after the classes, one of them broken."""
    for folder, colour in (("Parasitized", BLUE), ("Uninfected", RED)):
        (tmp_path / "cells" / folder).mkdir(parents=True)
        for patient in range(4):
            name = f"C{patient}{folder[0]}ThinF_IMG_1_cell_1.png"
            (tmp_path / "cells" / folder / name).write_bytes(encode(picture(colour)))
    (tmp_path / "cells" / "Uninfected" / "C9ThinF_IMG_1_cell_1.png").write_bytes(b"a text")
    return tmp_path / "cells"


def test_figures_are_shown_and_written(laveran, labelled, run_folder, tmp_path):
    json_file = tmp_path / "figures.json"
    ended = laveran("evaluate", labelled, "--model", run_folder, "--json", json_file)
    assert ended.code == 0
    written = json.loads(json_file.read_text())
    assert written["n_cells"] == written["n_patients"] == 8
    assert written["accuracy"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    shown = [line.strip().split("  ")[0] for line in ended.out.splitlines()]
    points, notes = written.pop("operating_points"), written.pop("notes")
    first = f"called at {written.pop('operating_point')}:"
    assert first == "called at accuracy:"
    assert notes
    assert all(f"note: {note}\n" in ended.err for note in notes)
    heading = "at the operating points:"
    assert shown == [first, *(name.replace("_", " ") for name in written), heading, *points]
    assert "1.0000 (1.0000-1.0000)" in ended.out


def test_all_that_was_skipped_is_on_the_screen(laveran, labelled, run_folder):
    for number in range(7):
        (labelled / "Uninfected" / f"C8ThinF_IMG_1_cell_{number}.png").touch()
    ended = laveran("evaluate", labelled, "--model", run_folder)
    assert "8 skipped:\n" in ended.err
    assert sum("empty (0 bytes)" in line for line in ended.err.splitlines()) == 7
    assert " more" not in ended.err


def test_faults_are_one_sentence(refused, labelled, cells, run_folder, tmp_path):
    assert "has no labels to compare with" in refused("evaluate", cells, "--model", run_folder)
    assert "there is no model at" in refused("evaluate", labelled, "--model", tmp_path / "none")
    assert "no operating point" in refused(
        "evaluate", labelled, "--model", run_folder, "--operating-point", "best"
    )
    assert "cannot read the table" in refused(
        "evaluate", cells, tmp_path / "none.csv", "--model", run_folder
    )


def test_figures_on_re_read_cells_follow_those_on_published_labels(
    laveran, labelled, run_folder, tmp_path
):
    key, readings = tmp_path / "key.csv", tmp_path / "readings.csv"
    key.write_text(
        "id,name,patient,label,part\nx-1,Parasitized/C1PThinF_IMG_1_cell_1.png,C1P,1,random\n"
    )
    readings.write_text("id,reading\nx-1,none\n")
    options = ("--model", run_folder, "--readings", readings, "--key", key)
    ended = laveran("evaluate", labelled, *options)
    assert ended.code == 0
    published, _, re_read = ended.out.partition("cells re-read blind, random part:\n")
    assert "1.0000 (1.0000-1.0000)" in published
    assert "agreement                       0.0000 (0.0000-" in re_read
