"""What a model says of one picture, from the model file alone."""

import json

import cv2
import numpy as np
import pytest

from hostile import encode
from laveran.errors import ArchiveError, DataError, PictureError
from laveran.model.explanation import WITHOUT_TORCH, explain, read_explanation
from laveran.model.runtime import Model
from small_model import (
    BIAS,
    BLUE,
    RED,
    expected_logits,
    picture,
    small_contract,
    with_output,
    write_small_model,
)


@pytest.fixture
def cell(tmp_path):
    """A cell whose left half is blue and right half red."""
    image = picture(RED, 8, 8)
    image[:, :4] = BLUE
    path = tmp_path / "cell.png"
    path.write_bytes(encode(image))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_small_model(tmp_path_factory.mktemp("run") / "model.onnx")


def test_the_answer_and_its_evidence_are_those_of_the_model(cell, model):
    found = read_explanation(cell, Model(model))
    expected = expected_logits(found.cell[np.newaxis])[0]
    assert found.name == "cell.png"
    assert found.logit == pytest.approx(expected, abs=1e-4)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-expected)), abs=1e-5)
    assert found.evidence.mean() + BIAS == pytest.approx(found.logit, abs=1e-4)
    assert found.evidence[:, 0].min() > 0 > found.evidence[:, -1].max()
    assert (found.outlier, found.disagreement, found.is_outlier) == (None, None, False)


def test_page_and_file_are_written(cell, model, tmp_path):
    out = tmp_path / "out"
    found = explain(cell, model=model, out=out)
    written = json.loads((out / "explain.json").read_text())
    assert written == found.to_json()
    assert written["picture"] == "cell.png"
    assert (written["operating_point"], written["threshold"]) == ("accuracy", 0.5)
    assert written["called"] == int(written["probability"] >= 0.5)
    assert np.shape(written["evidence"]) == (4, 4)
    page = (out / "explain.html").read_text()
    assert WITHOUT_TORCH.partition("(")[0] in page
    assert 'id="where"' in page
    assert 'id="gradcam"' not in page


def test_an_outlier_is_said_aloud(cell, tmp_path):
    gate = {"threshold": 0.5}
    path = write_small_model(
        tmp_path / "run" / "model.onnx",
        with_output("outlier", ["N"], "probability"),
        small_contract(gate=gate),
    )
    found = explain(cell, model=path, out=tmp_path / "out")
    assert found.is_outlier == (found.outlier > 0.5)
    page = (tmp_path / "out" / "explain.html").read_text()
    assert ("Unlike the cells that were learned from" in page) is found.is_outlier


def test_the_shipped_model_is_taken_where_none_is_named(cell, tmp_path):
    found = explain(cell, out=tmp_path / "out")
    assert found.evidence.shape == (6, 6)
    assert "the shipped model" in (tmp_path / "out" / "explain.html").read_text()


def test_names_cannot_smuggle_markup(model, tmp_path):
    path = tmp_path / "<img src=x onerror=fail()>.png"
    path.write_bytes(encode(picture(BLUE)))
    explain(path, model=model, out=tmp_path / "out")
    assert "<img src=x" not in (tmp_path / "out" / "explain.html").read_text()


def test_what_is_no_picture_of_one_cell_is_refused(model, tmp_path):
    with pytest.raises(ArchiveError):
        read_explanation(tmp_path / "none.png", Model(model))
    broken = tmp_path / "broken.png"
    broken.write_bytes(encode(picture(BLUE))[:40])
    with pytest.raises(PictureError, match=r"broken\.png cannot be read: "):
        read_explanation(broken, Model(model))
    folder = tmp_path / "cells"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(folder / name), picture(RED))
    with pytest.raises(DataError, match="holds 2 pictures; name one"):
        read_explanation(folder, Model(model))
