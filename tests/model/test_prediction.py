"""From a zip to a submission: every asked id has its row, and nothing is lost in silence."""

import csv
import gc
import threading
import weakref
import zipfile

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import ABSENT, BROKEN, GOOD, NO_PICTURES, encode, hostile_ids, write_hostile_zip
from laveran import files
from laveran.cells import stream
from laveran.errors import ConfigError, DataError, LabelsError, ModelError, OutputError
from laveran.model import prediction
from laveran.model.contract import OutlierGate
from laveran.model.prediction import predict
from laveran.model.runtime import Judgement, load
from small_model import (
    BLUE,
    RED,
    expected_probabilities,
    picture,
    small_contract,
    with_output,
    write_small_model,
)

COLOURS = {"a.png": BLUE, "b.png": RED, "c.png": BLUE}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load(write_small_model(tmp_path_factory.mktemp("run") / "model.onnx"))


@pytest.fixture(scope="module")
def hostile_zip(tmp_path_factory):
    return write_hostile_zip(tmp_path_factory.mktemp("data") / "test_data.zip")


@pytest.fixture
def folder(tmp_path):
    """An empty folder to write to; nothing else may appear beside it."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def write_zip(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def cells(tmp_path):
    """A zip of blue, red, blue."""
    members = {f"test/{name}": encode(picture(colour)) for name, colour in COLOURS.items()}
    return write_zip(tmp_path / "cells.zip", members)


def write(path, text):
    path.write_bytes(text.encode())
    return path


def rows(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


# The form of a submission


def test_without_a_sample_every_picture_has_a_row_in_the_order_of_the_zip(cells, model, folder):
    result = predict(cells, model=model, out=folder / "s.csv")
    assert (folder / "s.csv").read_bytes() == b"img_name,label\na.png,1\nb.png,0\nc.png,1\n"
    assert result.ids == ("a.png", "b.png", "c.png")
    assert result.classes.tolist() == [1, 0, 1]
    assert (result.n_cells, result.n_parasitized) == (3, 2)
    assert result.skipped == ()
    assert result.notes == ()
    assert names_in(folder) == ["s.csv"]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        ("img_name,label\nc.png,0\na.png,0\n", "img_name,label\nc.png,1\na.png,1\n"),
        ("Id;Predicted\r\nb;0\r\nc;0\r\n", "Id;Predicted\nb;0\nc;1\n"),
        ("\ufeffimage\tclass\na.PNG\t0.5\n", "image\tclass\na.PNG\t1\n"),
        ("label,file\n0,test/b.png\n0,a\n", "label,file\n0,test/b.png\n1,a\n"),
        ("b.png,0\na.png,0\nb.png,0\n", "b.png,0\na.png,1\nb.png,0\n"),
        ('name,label\n"test/a.png",\n', "name,label\ntest/a.png,1\n"),
        ("img_name,label\nc.png,1", "img_name,label\nc.png,1\n"),
    ],
)
def test_a_submission_has_the_form_of_the_sample(cells, model, folder, sample, expected):
    like = write(folder / "sample.csv", sample)
    predict(cells, model=model, out=folder / "s.csv", like=like)
    assert (folder / "s.csv").read_bytes().decode() == expected


@settings(max_examples=25)
@given(
    st.permutations(sorted(COLOURS)).flatmap(lambda names: st.lists(st.sampled_from(names))),
    st.sampled_from(",;\t"),
)
def test_any_order_of_any_ids_is_kept(model, tmp_path_factory, asked, delimiter):
    out = tmp_path_factory.mktemp("law")
    members = {name: encode(picture(colour)) for name, colour in COLOURS.items()}
    cells = write_zip(out / "cells.zip", members)
    asked = [*asked, "a.png"]
    sample = "".join(f"{name}{delimiter}{delimiter and 0}\n" for name in ("id", *asked))
    predict(cells, model=model, out=out / "s.csv", like=write(out / "sample.csv", sample))
    with (out / "s.csv").open(newline="") as file:
        written = list(csv.reader(file, delimiter=delimiter))
    assert [row[0] for row in written] == ["id", *asked]
    assert [row[1] for row in written[1:]] == [str(int(COLOURS[n] == BLUE)) for n in asked]


def test_pictures_that_nobody_asked_for_are_told_but_not_read(cells, model, folder, monkeypatch):
    like = write(folder / "sample.csv", "img_name,label\nb.png,0\n")
    seen = []
    decode = stream.decode
    monkeypatch.setattr(stream, "decode", lambda data: seen.append(1) or decode(data))
    result = predict(cells, model=model, out=folder / "s.csv", like=like)
    assert result.notes == (
        "the sample submission does not ask for 2 of the pictures; they get no row",
    )
    assert len(seen) == 1
    assert result.ids == ("b.png",)


def test_names_that_differ_in_folders_only_keep_their_folders(model, folder, tmp_path):
    members = {"a/x.png": encode(picture(BLUE)), "b/x.png": encode(picture(RED))}
    predict(write_zip(tmp_path / "c.zip", members), model=model, out=folder / "s.csv")
    assert rows(folder / "s.csv")[1:] == [["a/x.png", "1"], ["b/x.png", "0"]]


def test_an_id_of_two_pictures_is_refused(model, folder, tmp_path):
    members = {"a/x.png": encode(picture(BLUE)), "b/x.png": encode(picture(RED))}
    data = write_zip(tmp_path / "c.zip", members)
    like = write(tmp_path / "sample.csv", "img_name,label\nx.png,0\n")
    with pytest.raises(LabelsError, match=r"'x\.png' means both 'a/x\.png' and 'b/x\.png'"):
        predict(data, model=model, out=folder / "s.csv", like=like)
    assert names_in(folder) == []


def test_a_folder_and_a_single_picture(model, folder, tmp_path):
    (tmp_path / "cells" / "sub").mkdir(parents=True)
    for name, colour in {"b.png": RED, "sub/a.png": BLUE}.items():
        cv2.imwrite(str(tmp_path / "cells" / name), picture(colour)[..., ::-1])
    predict(tmp_path / "cells", model=model, out=folder / "s.csv")
    assert rows(folder / "s.csv")[1:] == [["b.png", "0"], ["a.png", "1"]]
    predict(str(tmp_path / "cells" / "sub" / "a.png"), model=model, out=str(folder / "one.csv"))
    assert rows(folder / "one.csv")[1:] == [["a.png", "1"]]


def test_the_model_may_be_named(cells, model, folder):
    predict(cells, model=model.path.parent, out=folder / "s.csv")
    predict(cells, model=str(model.path), out=folder / "t.csv")
    assert rows(folder / "s.csv") == rows(folder / "t.csv")


# Hostile pictures


def test_every_asked_id_has_a_row_whatever_its_picture_is(hostile_zip, model, folder):
    ids = hostile_ids()
    like = write(folder / "sample.csv", "img_name,label\n" + "".join(f"{n},0\n" for n in ids))
    result = predict(hostile_zip, model=model, out=folder / "s.csv", like=like)
    good = [name.rpartition("/")[2] for name in GOOD]
    assert rows(folder / "s.csv") == [
        ["img_name", "label"],
        *([name, str(int(name in good))] for name in ids),
    ]
    listed = dict(rows(folder / "skipped.csv")[1:])
    assert listed == dict(result.skipped)
    for name, (_, part) in BROKEN.items():
        assert part in listed[name]
    bare = ABSENT.rpartition("/")[2]
    assert listed[bare] == "the sample submission asks for it, but there is no such picture"
    assert listed["cells/plain.png"] == "the same name twice; the first is used"
    assert set(NO_PICTURES) <= set(listed)
    assert not any("MACOSX" in name or "Thumbs" in name or "DS_Store" in name for name in listed)


def test_without_a_sample_broken_pictures_have_their_rows_too(hostile_zip, model, folder):
    result = predict(hostile_zip, model=model, out=folder / "s.csv")
    found = dict(rows(folder / "s.csv")[1:])
    assert len(result.ids) == len(found) == len(GOOD) + len(BROKEN)
    assert set(found) == set(hostile_ids()) - {"absent.png"}
    assert sum(label == "1" for label in found.values()) == len(GOOD)
    assert len(result.skipped) == len(set(result.skipped))
    assert not (folder.parent / "outside.png").exists()


def test_what_was_left_out_by_the_archive_keeps_its_reason(hostile_zip, model, folder):
    like = write(folder / "sample.csv", "img_name,label\noutside.png,0\nbomb.bmp,0\n")
    result = predict(hostile_zip, model=model, out=folder / "s.csv", like=like)
    reasons = dict(result.skipped)
    assert reasons["outside.png"] == "its path leads out of the archive"
    assert "zip bomb" in reasons["bomb.bmp"]


def test_the_probability_of_a_broken_picture_is_nan_and_empty(hostile_zip, model, folder):
    like = write(folder / "sample.csv", "img_name,label\nplain.png,0\ntext.png,0\n")
    result = predict(
        hostile_zip, model=model, out=folder / "s.csv", like=like, probabilities=folder / "p.csv"
    )
    assert np.isnan(result.probabilities).tolist() == [False, True]
    assert rows(folder / "p.csv")[2] == ["text.png", ""]


def test_a_probability_that_is_none_is_listed(cells, model, folder, monkeypatch):
    def judge(_, cells):
        return Judgement(np.full(len(cells), np.nan, np.float32), np.zeros(len(cells), np.bool_))

    monkeypatch.setattr(type(model), "judge", judge)
    result = predict(cells, model=model, out=folder / "s.csv")
    assert result.classes.tolist() == [0, 0, 0]
    assert {reason for _, reason in result.skipped} == {"the model's answer is not a number"}


def test_a_zip_without_a_picture_to_read_is_refused(model, folder, tmp_path):
    data = write_zip(tmp_path / "c.zip", {"notes.txt": b"notes"})
    with pytest.raises(DataError, match="there is no picture to read in"):
        predict(data, model=model, out=folder / "s.csv")
    assert names_in(folder) == []


# --strict


@pytest.mark.parametrize("name", ["text.png", "outside.png", "absent.png"])
def test_strict_writes_nothing_if_a_row_lacks_its_picture(hostile_zip, model, folder, name):
    like = write(folder.parent / "sample.csv", f"img_name,label\nplain.png,0\n{name},0\n")
    write(folder / "s.csv", "old")
    write(folder / "skipped.csv", "older")
    with pytest.raises(DataError) as caught:
        predict(hostile_zip, model=model, out=folder / "s.csv", like=like, strict=True)
    assert str(caught.value).startswith(f"1 of 2 rows have no picture in {hostile_zip} to read")
    assert name in str(caught.value)
    assert (folder / "s.csv").read_text() == "old"
    assert (folder / "skipped.csv").read_text() == "older"
    assert names_in(folder) == ["s.csv", "skipped.csv"]


def test_strict_without_a_sample(hostile_zip, model, folder):
    with pytest.raises(DataError, match=f"^{len(BROKEN)} of {len(GOOD) + len(BROKEN)} rows"):
        predict(hostile_zip, model=model, out=folder / "s.csv", strict=True)
    assert names_in(folder) == []


def test_strict_does_not_mind_what_has_no_row(hostile_zip, model, folder):
    """A note beside the pictures, or a broken picture that nobody asked for."""
    like = write(folder.parent / "sample.csv", "img_name,label\nplain.png,0\ngrey.png,0\n")
    result = predict(hostile_zip, model=model, out=folder / "s.csv", like=like, strict=True)
    assert result.classes.tolist() == [1, 1]


# The other files


def test_probabilities_have_a_file_of_their_own(cells, model, folder):
    like = write(folder / "sample.csv", "Id,Predicted\nc.png,0\nb.png,0\n")
    result = predict(
        cells, model=model, out=folder / "s.csv", like=like, probabilities=folder / "p.csv"
    )
    prepared = np.stack([model.prepare(picture(COLOURS[name])) for name in ("c.png", "b.png")])
    expected = expected_probabilities(prepared)
    np.testing.assert_allclose(result.probabilities, expected, atol=1e-6)
    header, *found = rows(folder / "p.csv")
    assert header == ["Id", "probability"]
    assert [name for name, _ in found] == ["c.png", "b.png"]
    np.testing.assert_allclose([float(value) for _, value in found], expected, atol=1e-6)


def test_an_old_list_of_the_skipped_is_replaced(cells, model, folder):
    write(folder / "skipped.csv", "name,reason\nold.png,gone\n")
    predict(cells, model=model, out=folder / "s.csv")
    assert (folder / "skipped.csv").read_text() == "name,reason\n"


def test_the_list_of_a_run_folder_stays_its_own(hostile_zip, model):
    run = model.path.parent
    (run / "network.json").touch()
    write(run / "skipped.csv", "name,reason\nof_the_training.png,empty\n")
    result = predict(hostile_zip, model=model, out=run / "submission.csv")
    assert result.skipped_file == run / "submission_skipped.csv"
    assert "of_the_training.png" in (run / "skipped.csv").read_text()
    assert "text.png" in result.skipped_file.read_text()


@pytest.mark.parametrize(
    "clash",
    [
        {"out": "skipped.csv"},
        {"probabilities": "s.csv"},
        {"probabilities": "skipped.csv"},
        {"like": "s.csv"},
        {"out": "../cells.zip"},
        {"probabilities": "../out/../cells.zip"},
    ],
)
def test_no_file_is_written_over_another(cells, model, folder, clash):
    write(folder / "sample.csv", "img_name,label\na.png,0\n")
    given = {"out": "s.csv", "like": "sample.csv"} | clash
    before = cells.read_bytes()
    with pytest.raises(ConfigError, match="would overwrite another file of this call; rename it"):
        predict(cells, model=model, **{key: folder / name for key, name in given.items()})
    assert cells.read_bytes() == before
    assert names_in(folder) == ["sample.csv"]


def test_operating_points(cells, model, folder):
    for name, expected in (("accuracy", [1, 0, 1]), ("never", [0, 0, 0]), ("always", [1, 1, 1])):
        result = predict(cells, model=model, out=folder / "s.csv", operating_point=name)
        assert result.classes.tolist() == expected


def test_the_default_is_the_first_operating_point(cells, folder):
    points = small_contract().operating_points
    contract = small_contract(operating_points=(points[2], points[1]))
    path = write_small_model(folder / "m.onnx", metadata=contract)
    assert predict(cells, model=path, out=folder / "s.csv").n_parasitized == 3


def test_a_broken_picture_is_negative_at_every_operating_point(hostile_zip, model, folder):
    like = write(folder / "sample.csv", "img_name,label\ntext.png,0\nplain.png,0\n")
    result = predict(
        hostile_zip, model=model, out=folder / "s.csv", like=like, operating_point="always"
    )
    assert result.classes.tolist() == [0, 1]


def test_an_unknown_operating_point_is_refused_before_anything_is_read(model, folder):
    with pytest.raises(ConfigError, match="no operating point 'best'; it has accuracy, never"):
        predict("no.zip", model=model, out=folder / "s.csv", operating_point="best")


@pytest.mark.parametrize(
    ("change", "error", "part"),
    [
        ({"data": "none.zip"}, DataError, "cannot open"),
        ({"model": "none"}, ModelError, "there is no model at"),
        ({"like": "none.csv"}, LabelsError, "cannot read the table"),
    ],
)
def test_what_is_missing_is_named(cells, model, folder, change, error, part):
    given = {"data": cells, "model": model} | {k: folder / v for k, v in change.items()}
    with pytest.raises(error, match=part):
        predict(given.pop("data"), out=folder / "s.csv", **given)
    assert names_in(folder) == []


# Whole or not at all


def test_a_place_that_cannot_be_written_is_one_sentence(cells, model, folder):
    (folder / "taken.csv").mkdir()
    write(folder / "file", "")
    for out in (folder / "taken.csv", folder / "file" / "s.csv"):
        with pytest.raises(OutputError, match=f"^cannot write {out}: .*; choose"):
            predict(cells, model=model, out=out)
    assert names_in(folder) == ["file", "taken.csv"]


def test_a_full_disk_leaves_the_old_submission(cells, model, folder, monkeypatch):
    write(folder / "s.csv", "old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_sync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        predict(cells, model=model, out=folder / "s.csv")
    assert (folder / "s.csv").read_text() == "old"
    assert names_in(folder) == ["s.csv"]


def test_a_prediction_that_is_stopped_leaves_the_old_submission(cells, model, folder):
    write(folder / "s.csv", "old")

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(cells, model=model, out=folder / "s.csv", watch=stop)
    assert (folder / "s.csv").read_text() == "old"
    assert names_in(folder) == ["s.csv"]
    assert not [t for t in threading.enumerate() if t.name.startswith("pictures")]


# Streaming


@pytest.fixture
def many(tmp_path):
    content = encode(picture(BLUE))
    return write_zip(tmp_path / "many.zip", {f"{n:05}.png": content for n in range(2000)})


def test_few_pictures_are_in_memory_at_a_time(many, model, folder, monkeypatch):
    """However many there are: what is decoded and not yet let go of is counted."""
    alive, most, lock = set(), 0, threading.Lock()
    decode = stream.decode

    def counted(data):
        nonlocal most
        image = decode(data)
        with lock:
            alive.add(id(image))
            most = max(most, len(alive))
        weakref.finalize(image, alive.discard, id(image))
        return image

    monkeypatch.setattr(stream, "decode", counted)
    gc.disable()
    try:
        result = predict(many, model=model, out=folder / "s.csv")
    finally:
        gc.enable()
    assert result.n_parasitized == 2000
    assert most <= 2 * stream._cores() + 2


def test_chunks_do_not_pile_up_before_a_slow_reader(many, model, monkeypatch):
    """Of 2,000 pictures no more are read ahead than a few chunks for each thread."""
    read = 0
    decode = stream.decode

    def counted(data):
        nonlocal read
        read += 1
        return decode(data)

    monkeypatch.setattr(stream, "decode", counted)
    with prediction.open_source(many) as source:
        scores = prediction.judgement_stream(source, model)
        next(scores)
        assert read <= 64 * (stream._cores() + 3)
        scores.close()


def test_progress_counts_to_the_end(many, model, folder):
    calls = []
    predict(many, model=model, out=folder / "s.csv", watch=lambda *call: calls.append(call))
    assert calls[-1] == ("predict", 2000, 2000, {})
    assert [done for _, done, _, _ in calls] == sorted({done for _, done, _, _ in calls})


def test_the_summary_is_plain(hostile_zip, model, folder):
    summary = predict(hostile_zip, model=model, out=folder / "s.csv").to_json()
    assert summary["n_cells"] == len(GOOD) + len(BROKEN)
    assert summary["n_parasitized"] == len(GOOD)
    assert (summary["operating_point"], summary["threshold"]) == ("accuracy", 0.5)
    assert summary["notes"] == []
    assert all(set(row) == {"name", "reason"} for row in summary["skipped"])


# The outlier gate


def gated(path, threshold):
    """A model for which blue cells lie far from what it was trained on."""
    graph = with_output("outlier", ["N"], "logit")
    return load(
        write_small_model(path, graph, small_contract(gate=OutlierGate(threshold=threshold)))
    )


def test_many_strange_pictures_are_told(cells, folder, tmp_path):
    found = predict(cells, model=gated(tmp_path / "m.onnx", 2.0), out=folder / "s.csv")
    (note,) = found.notes
    assert note.startswith("2 of 3 pictures are unlike the cells that the model was trained on")


def test_few_strange_pictures_are_no_news(cells, folder, tmp_path):
    found = predict(cells, model=gated(tmp_path / "m.onnx", 99.0), out=folder / "s.csv")
    assert found.notes == ()


def test_a_model_without_a_gate_calls_nothing_strange(model):
    cells = np.zeros((3, model.size_px, model.size_px, 3), np.uint8)
    assert model.judge(cells).is_outlier.tolist() == [False] * 3


def test_a_sample_of_other_pictures_is_refused(cells, model, folder):
    like = write(folder / "sample.csv", "img_name,label\nx.png,0\ny.png,0\n")
    with pytest.raises(DataError, match=r"none of the 2 ids .*, such as 'x\.png', is among"):
        predict(cells, model=model, out=folder / "s.csv", like=like)
    assert names_in(folder) == ["sample.csv"]
