"""`laveran check` on the command line: findings are no error, unusable data are."""

import json

import numpy as np
import pytest

from hostile import encode
from small_model import BLUE, RED, picture


@pytest.fixture
def labelled(tmp_path):
    """Cells in folders named after the classes; two of different patients are the same."""
    draw = np.random.default_rng(0)
    for folder, colour in (("Parasitized", BLUE), ("Uninfected", RED)):
        (tmp_path / "cells" / folder).mkdir(parents=True)
        for patient in range(3):
            noisy = picture(colour, 40, 40) ^ draw.integers(0, 64, (40, 40, 3), dtype=np.uint8)
            name = f"C{patient}{folder[0]}ThinF_IMG_1_cell_1.png"
            (tmp_path / "cells" / folder / name).write_bytes(encode(noisy))
    copy = tmp_path / "cells" / "Parasitized" / "C9ThinF_IMG_1_cell_1.png"
    copy.write_bytes(encode(noisy))
    return tmp_path / "cells"


def test_findings_are_shown_and_the_exit_code_is_0(laveran, labelled, tmp_path):
    out = tmp_path / "check"
    ended = laveran("check", labelled, "--out", out)
    assert ended.code == 0
    assert "pairs of near-duplicates        1\n" in ended.out
    assert ended.out.endswith(f"page {out / 'check.html'}, lists beside it\n")
    assert "note: 1 pair of near-duplicates of two different patients\n" in ended.err
    assert (out / "check.html").exists()


def test_json_is_what_the_file_holds(laveran, labelled, tmp_path):
    ended = laveran("check", labelled, "--out", tmp_path / "check", "--json")
    printed = json.loads(ended.out)
    assert printed == json.loads((tmp_path / "check" / "check.json").read_text())
    assert printed["twins"] == {"n_pairs": 1, "n_across_patients": 1, "n_across_labels": 1}


def test_what_cannot_be_used_is_one_sentence(refused, labelled, tmp_path):
    assert "cannot open" in refused("check", tmp_path / "none.zip", "--out", tmp_path / "check")
    assert "is not the folder of a finished run" in refused(
        "check", labelled, "--model", tmp_path, "--out", tmp_path / "check"
    )
    assert not (tmp_path / "check").exists()
