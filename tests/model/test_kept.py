"""What a run or a search keeps is not written over."""

import pytest

from laveran.errors import ConfigError
from laveran.model.evaluation import evaluate
from laveran.model.kept import KEPT, is_kept
from laveran.model.prediction import predict


@pytest.mark.parametrize(
    "files",
    [
        {"config.toml": '[run]\ndata = "a.zip"\n'},
        {"config.toml": '[search]\ndata = "a.zip"\n'},
        {"network.json": "{}", "model.onnx": ""},
    ],
)
def test_a_run_a_search_and_a_fold_keep_their_files(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert all(is_kept(tmp_path / name) for name in KEPT)
    assert not is_kept(tmp_path / "submission.csv")


def test_other_folders_keep_nothing(tmp_path):
    for name, content in {
        "config.toml": "[tool]\n",
        "metrics.json": "{}",
        "model.onnx": "",
    }.items():
        (tmp_path / name).write_text(content)
    assert not any(is_kept(tmp_path / name) for name in KEPT)


def test_predict_and_evaluate_refuse_at_once(tmp_path):
    (tmp_path / "config.toml").write_text("[run]\n")
    theirs = tmp_path / "predictions.csv"
    theirs.write_text("name,patient\n")
    refused = pytest.raises(ConfigError, match=r"predictions\.csv is a file of the run or search")
    with refused:
        predict("none.zip", out=theirs)
    with refused:
        predict("none.zip", out=tmp_path / "submission.csv", probabilities=theirs)
    with refused:
        evaluate("none.zip", json=theirs)
    assert theirs.read_text() == "name,patient\n"


def test_evaluate_does_not_write_over_what_it_reads(tmp_path):
    labels = tmp_path / "labels.csv"
    labels.write_text("img_name,label\n")
    with pytest.raises(ConfigError, match="would overwrite another file of this call"):
        evaluate("none.zip", labels, json=labels)
    assert labels.read_text() == "img_name,label\n"
