"""`laveran predict`: what is on the screen, in the files and in the exit code."""

import json

from hostile import BROKEN, GOOD, hostile_ids

AT = "(accuracy: from a probability of 0.500 on)"


def test_a_submission_in_one_line(laveran, cells, run_folder, tmp_path):
    out = tmp_path / "s.csv"
    ended = laveran("predict", cells, "--model", run_folder, "--out", out)
    assert ended == (0, f"{out}: 2 cells, 1 called parasitized {AT}\n", "")
    assert out.read_text() == "img_name,label\na.png,1\nb.png,0\n"


def test_several_models_answer_together(laveran, refused, cells, run_folder, tmp_path):
    out, other = tmp_path / "s.csv", tmp_path / "none"
    twice = ("--model", run_folder, "--model", run_folder / "model.onnx")
    ended = laveran("predict", cells, *twice, "--out", out)
    assert ended == (0, f"{out}: 2 cells, 1 called parasitized {AT}\n", "")
    sentence = refused("predict", cells, "--model", run_folder, "--model", other, "--out", out)
    assert f"there is no model at {other}" in sentence


def test_the_sample_decides_the_form(laveran, cells, run_folder, tmp_path):
    (tmp_path / "sample.csv").write_text("Id;Predicted\nb;0\n")
    out, probabilities = tmp_path / "s.csv", tmp_path / "p.csv"
    ended = laveran(
        *("predict", cells, "--model", run_folder / "model.onnx", "--out", out),
        *("--like", tmp_path / "sample.csv", "--probabilities", probabilities),
    )
    assert ended.code == 0
    assert out.read_text() == "Id;Predicted\nb;0\n"
    assert probabilities.read_text().startswith("Id,probability\nb,0.")
    note = "the sample submission does not ask for 1 of the pictures; they get no row"
    assert ended.err == f"note: {note}\n"


def test_hostile_pictures_are_listed_and_the_exit_code_is_0(
    laveran, hostile_zip, run_folder, tmp_path
):
    like, out = tmp_path / "sample.csv", tmp_path / "s.csv"
    ids = hostile_ids()
    like.write_text("img_name,label\n" + "".join(f"{name},0\n" for name in ids))
    ended = laveran("predict", hostile_zip, "--model", run_folder, "--out", out, "--like", like)
    assert ended.code == 0
    assert ended.out == f"{out}: {len(ids)} cells, {len(GOOD)} called parasitized {AT}\n"
    head, *shown = ended.err.splitlines()
    listed = (tmp_path / "skipped.csv").read_text().splitlines()[1:]
    assert head == f"{len(listed)} skipped, all listed in {tmp_path / 'skipped.csv'}:"
    assert shown[-1] == f"  and {len(listed) - 5} more"
    assert len(shown) == 6
    assert len(out.read_text().splitlines()) == len(ids) + 1


def test_strict_is_exit_code_1_and_no_file(refused, hostile_zip, run_folder, tmp_path):
    out = tmp_path / "s.csv"
    sentence = refused("predict", hostile_zip, "--model", run_folder, "--out", out, "--strict")
    assert "nothing was written (--strict)" in sentence
    assert list(tmp_path.iterdir()) == []


def test_json_is_all_that_is_on_standard_output(laveran, hostile_zip, run_folder, tmp_path):
    ended = laveran(
        *("predict", hostile_zip, "--model", run_folder, "--out", tmp_path / "s.csv", "--json")
    )
    summary = json.loads(ended.out)
    assert summary["n_cells"] == len(GOOD) + len(BROKEN)
    assert summary["n_parasitized"] == len(GOOD)
    assert {"name": "cells/zero.png", "reason": "empty (0 bytes)"} in summary["skipped"]


def test_faults_are_one_sentence(refused, cells, run_folder, tmp_path):
    model = ("--model", run_folder)
    out = ("--out", tmp_path / "s.csv")
    assert "there is no model at" in refused("predict", cells, "--model", tmp_path / "none", *out)
    assert "is a zip" in refused("predict", cells, "--model", cells, *out)
    assert "cannot open" in refused("predict", tmp_path / "none.zip", *model, *out)
    assert "has no operating point 'best'" in refused(
        "predict", cells, *model, *out, "--operating-point", "best"
    )
    assert "cannot read the table" in refused(
        "predict", cells, *model, *out, "--like", tmp_path / "none.csv"
    )
    (tmp_path / "folder.csv").mkdir()
    assert "cannot write" in refused("predict", cells, *model, "--out", tmp_path / "folder.csv")
