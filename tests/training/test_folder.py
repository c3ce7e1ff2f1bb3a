import csv
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from laveran.cells.manifest import Cell, Manifest, read_manifest
from laveran.errors import ConfigError, ModelError
from laveran.training.folder import Predictions, RunFolder

CONFIG = '[run]\ndata = "a.zip"\nlabels = "l.csv"\nseed = 0\n[recipe]\nname = "fast"\n'


def predictions(logits, called=None, prefix="c"):
    count = len(logits)
    return Predictions(
        [f"{prefix}{number}" for number in range(count)],
        ["P"] * count,
        np.arange(count) % 2,
        np.array(logits, np.float32),
        {name: np.array(calls) for name, calls in (called or {}).items()},
    )


@pytest.fixture
def folder(tmp_path):
    return RunFolder(tmp_path / "run")


def test_probabilities_follow_from_logits_without_overflow():
    y_prob = predictions([-2000, 0, np.log(3), 2000]).y_prob
    assert y_prob == pytest.approx([0, 0.5, 0.75, 1])


def test_predictions_add_up():
    one = predictions([1, 2], {"a": [True, False], "b": [True, True]})
    other = predictions([3], {"b": [False], "a": [True]}, prefix="d")
    both = one + other
    assert both.names == ["c0", "c1", "d0"]
    assert both.logit.tolist() == [1, 2, 3]
    assert both.called["a"].tolist() == [True, False, True]
    assert both.called["b"].tolist() == [True, True, False]


def test_an_operating_point_that_one_side_lacks_is_dropped():
    one = predictions([1], {"a": [True], "b": [True]})
    other = predictions([3], {"a": [False]})
    assert list((one + other).called) == list((other + one).called) == ["a"]


text = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)


@given(st.data(), st.lists(text, max_size=5), st.lists(text.filter(bool), unique=True, max_size=2))
def test_predictions_survive_their_file(tmp_path_factory, data, names, points):
    count = len(names)
    finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
    written = Predictions(
        names,
        data.draw(st.lists(text, min_size=count, max_size=count)),
        data.draw(arrays(np.int64, count, elements=st.integers(0, 1))),
        data.draw(arrays(np.float32, count, elements=finite)),
        {point: data.draw(arrays(np.bool_, count)) for point in points} if count else {},
    )
    folder = RunFolder(tmp_path_factory.mktemp("runs"))
    folder.write_predictions(written)
    read = folder.read_predictions()
    assert (read.names, read.patients) == (written.names, written.patients)
    assert read.y_true.tolist() == written.y_true.tolist()
    assert read.logit.dtype == np.float32
    assert read.logit.tolist() == written.logit.tolist()
    assert {k: v.tolist() for k, v in read.called.items()} == {
        k: v.tolist() for k, v in written.called.items()
    }


@pytest.mark.parametrize(
    "content", [b"name,patient\na,b\n", b"name,patient,label,logit\na\n", b"\xff"]
)
def test_damaged_predictions_are_refused(folder, content):
    folder.path.mkdir()
    folder.predictions.write_bytes(content)
    with pytest.raises(ModelError, match=r"predictions\.csv cannot be read"):
        folder.read_predictions()


def test_missing_predictions_are_refused(folder):
    with pytest.raises(ModelError, match=r"predictions\.csv cannot be read"):
        folder.read_predictions()


def test_a_folder_that_is_not_there_is_free(folder):
    folder.check_free(resume=False)
    folder.check_free(resume=True)


def test_an_empty_folder_or_one_with_hidden_files_is_free(folder):
    folder.path.mkdir()
    folder.check_free(resume=False)
    (folder.path / ".config-x8d_.toml").touch()
    folder.check_free(resume=False)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_in_use_by_something_else_is_not_free(folder, resume):
    folder.path.mkdir()
    (folder.path / "thesis.doc").touch()
    with pytest.raises(ConfigError, match="in use by something else; choose another --out"):
        folder.check_free(resume=resume)


@pytest.mark.parametrize("resume", [False, True])
def test_a_file_is_not_free(folder, resume):
    folder.path.touch()
    with pytest.raises(ConfigError, match="in use by something else"):
        folder.check_free(resume=resume)


def test_a_run_is_free_only_to_be_resumed(folder):
    folder.claim(CONFIG)
    folder.check_free(resume=True)
    with pytest.raises(ConfigError, match="holds a run already; go on with it by --resume"):
        folder.check_free(resume=False)


def test_the_same_run_may_be_claimed_again(folder):
    folder.claim(CONFIG)
    folder.claim(CONFIG)
    assert folder.config.read_text() == CONFIG


def test_the_data_may_have_moved(folder):
    folder.claim(CONFIG)
    folder.claim(CONFIG.replace("a.zip", "/mnt/a.zip").replace("l.csv", "../l.csv"))


@pytest.mark.parametrize(
    "change", [("seed = 0", "seed = 1"), ('"fast"', '"slow"'), ("seed = 0\n", "")]
)
def test_another_run_is_refused(folder, change):
    folder.claim(CONFIG)
    with pytest.raises(ConfigError, match="with other data or settings"):
        folder.claim(CONFIG.replace(*change))


@pytest.mark.parametrize("content", [b"[run", b"", b"name = 1", b"\xff\xfe"])
def test_a_damaged_config_is_another_run(folder, content):
    folder.path.mkdir()
    folder.config.write_bytes(content)
    with pytest.raises(ConfigError, match="with other data or settings"):
        folder.claim(CONFIG)


def test_claiming_removes_what_a_killed_process_left_half_written(folder):
    folder.claim(CONFIG)
    left = [each.checkpoint.parent for each in (folder, folder.fold(1))]
    for place in left:
        place.mkdir(parents=True)
        (place / ".last-x8d_.safetensors").touch()
        (place / "last.safetensors").touch()
    for name in (".model-k3_9.onnx", ".report-abc.html", ".gitignore", ".other-tool"):
        (folder.path / name).touch()
    folder.claim(CONFIG)
    assert [path.name for place in left for path in place.iterdir()] == ["last.safetensors"] * 2
    hidden = {path.name for path in folder.path.iterdir() if path.name[0] == "."}
    assert hidden == {".gitignore", ".other-tool"}


def test_folds_have_folders_of_their_own(folder):
    assert folder.fold(3).model == folder.path / "folds" / "3" / "model.onnx"


def test_cells_are_a_manifest_with_parts(folder):
    labels = (0, 1, None)
    manifest = Manifest(
        tuple(Cell(f'a"{n},.png', n, None, "photo", 5, 6, "00", "z.zip") for n in labels)
    )
    folder.write_cells(manifest, ["train", "valid", "test"])
    path = folder.path / "cells.csv"
    assert read_manifest(path) == manifest
    with path.open(newline="") as file:
        assert [row["part"] for row in csv.DictReader(file)] == ["train", "valid", "test"]


def test_a_manifest_with_fewer_parts_than_cells_is_not_written(folder):
    manifest = Manifest((Cell("a.png", 0, None, None, 5, 6, "00", "z.zip"),))
    with pytest.raises(ValueError, match="zip"):
        folder.write_cells(manifest, [])
    assert not (folder.path / "cells.csv").exists()


def test_history_has_a_row_an_epoch(folder):
    folder.write_history([{"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "valid_loss": 0.25}])
    lines = (folder.path / "history.csv").read_text().splitlines()
    assert lines == ["epoch,train_loss,valid_loss", "1,0.5,", "2,,0.25"]


def test_metrics_come_back(folder):
    assert folder.read_metrics() is None
    folder.write_metrics({"accuracy": {"value": 0.1, "low": None}})
    assert folder.read_metrics() == {"accuracy": {"value": 0.1, "low": None}}
    assert json.loads(folder.metrics.read_text())


@pytest.mark.parametrize("content", [b"{", b"", b"\xff"])
def test_damaged_metrics_are_refused(folder, content):
    folder.path.mkdir()
    folder.metrics.write_bytes(content)
    with pytest.raises(ModelError, match="delete it and resume the run"):
        folder.read_metrics()
