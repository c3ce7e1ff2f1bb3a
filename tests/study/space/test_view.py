"""The page of a network: which network, which cell, and what is refused."""

import json
import re

import cv2
import numpy as np
import pytest

from laveran.errors import ArchiveError, ModelError, PictureError
from laveran.model.runtime import SHIPPED, Model
from laveran.report.network_page import ramp, render
from laveran.report.packing import unpack
from laveran.study.space.view import drawn_cell, network_scene, view_network


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    return view_network(out=tmp_path_factory.mktemp("view") / "network.html", seed=5)


def test_the_answer_is_that_of_the_model_file(view):
    expected = Model(SHIPPED).predict([drawn_cell(5)])[0]
    assert view.scene.probability == pytest.approx(float(expected), abs=1e-3)
    assert view.scene.layers[-2].maps.item() == pytest.approx(view.scene.probability, abs=1e-5)


def test_the_page_carries_every_number(view):
    page = view.page.read_text(encoding="utf-8")
    text = re.search(r'<script type="application/json" id="scene">(.*?)</script>', page, re.DOTALL)
    data = json.loads(text[1])
    assert len(data["layers"]) == len(view.scene.layers) > 20
    for told, layer in zip(data["layers"], view.scene.layers, strict=True):
        most = np.abs(layer.maps).max()
        np.testing.assert_allclose(unpack(told["maps"]), layer.maps.ravel(), atol=most / 2048)
        if layer.weights is not None:
            most = np.abs(layer.weights).max()
            back = unpack(told["weights"])
            np.testing.assert_allclose(back, layer.weights.ravel(), atol=most / 2048)
    assert view.size_mb < 8
    assert "http" not in page.replace("http-equiv", "")


def test_a_drawn_cell_is_called_so(view, tmp_path):
    assert "A drawn cell goes through the shipped model" in render(view.scene)
    picture = tmp_path / "my <cell>.png"
    cv2.imwrite(str(picture), drawn_cell(1)[..., ::-1])
    other = view_network(picture, model=SHIPPED, out=tmp_path / "network.html")
    assert "my &lt;cell&gt;.png goes through shipped" in other.page.read_text(encoding="utf-8")
    np.testing.assert_array_equal(
        other.scene.picture, network_scene(SHIPPED, drawn_cell(1)).picture
    )


def test_what_cannot_be_shown_is_refused(tmp_path):
    out = tmp_path / "network.html"
    with pytest.raises(ModelError, match="name the run folder"):
        view_network(model=SHIPPED / "model.onnx", out=out)
    with pytest.raises(ModelError, match=r"holds no network\.json"):
        view_network(model=tmp_path, out=out)
    with pytest.raises(ArchiveError, match="cannot open"):
        view_network(tmp_path / "none.png", out=out)
    (tmp_path / "cut.png").write_bytes(b"\x89PNG")
    with pytest.raises(PictureError, match=r"cut\.png cannot be read: "):
        view_network(tmp_path / "cut.png", out=out)
    assert not out.exists()


def test_the_ramp_grows_evenly_in_lightness_to_both_sides():
    colours = ramp()
    lab = cv2.cvtColor(colours[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, :, 0]
    steps = np.diff(lab)
    assert (steps[:125] < 0.05).all()
    assert (steps[129:] > -0.05).all()
    np.testing.assert_allclose(lab[:127], lab[:127:-1], atol=6)  # the sign is told by hue alone
    assert colours[200, 2] > colours[200, 0]
    assert colours[54, 0] > colours[54, 2]
