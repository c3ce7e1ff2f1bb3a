"""What a run or a search keeps is not written over."""

import pytest

from laveran.errors import ConfigError
from laveran.model.evaluation import evaluate
from laveran.model.kept import KEPT, is_kept
from laveran.model.prediction import predict


@pytest.mark.parametrize("mark", ["config.toml", "metrics.json", "model.onnx"])
def test_a_run_or_search_is_known_by_its_marks(tmp_path, mark):
    assert not any(is_kept(tmp_path / name) for name in KEPT)
    (tmp_path / mark).touch()
    assert all(is_kept(tmp_path / name) for name in KEPT)
    assert not is_kept(tmp_path / "submission.csv")


def test_predict_and_evaluate_refuse_at_once(tmp_path):
    (tmp_path / "config.toml").touch()
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
