"""The explanation with the network itself: put together from a run folder."""

import json

import numpy as np
import pytest
import torch

from hostile import encode
from laveran.cells.synthetic_dataset import Population, draw_dataset, write_cells
from laveran.errors import ConfigError, ModelError
from laveran.model.runtime import SHIPPED, load
from laveran.networks.network import build, load_members, save
from laveran.networks.stack import plain
from laveran.study.explanation.attribution import evidence
from laveran.study.explanation.excitation import as_cells
from laveran.study.explanation.explain import explain
from small_model import write_small_model

SPEC = plain((4, 8), per_stage=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder as a run leaves it: a model file, and two networks of cells of its size."""
    folder = write_small_model(tmp_path_factory.mktemp("runs") / "run" / "model.onnx").parent
    torch.manual_seed(7)
    save([build(SPEC, 8).eval() for _ in range(2)], SPEC, 8, folder)
    return folder


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    (cell,) = draw_dataset([1], Population(cells_per_patient=1, seed=2))
    path = tmp_path_factory.mktemp("picture") / "cell.png"
    path.write_bytes(encode(cell.image))
    return path


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    population = Population(cells_per_patient=5, seed=2)
    return write_cells(
        tmp_path_factory.mktemp("cells"), population, train_patients=4, test_patients=1
    )


def page(folder):
    return (folder / "explain.html").read_text()


def test_the_page_holds_all_that_the_network_tells(run, picture, tmp_path):
    told = set()
    found = explain(picture, model=run, out=tmp_path, watch=lambda stage, *_: told.add(stage))
    text = page(tmp_path)
    for part in ("where", "gradcam", "sanity", "filters", "maps", "unit"):
        assert f'id="{part}"' in text, part
    assert 'id="neighbours"' not in text
    assert text.count('<details class="layer"') == 7  # two of conv, norm and ReLU, and a pooling
    assert "mean of 2 networks" in text
    assert json.loads((tmp_path / "explain.json").read_text()) == found.to_json()
    assert told == {"check maps"}


def test_layers_and_unit_may_be_named(run, picture, tmp_path):
    explain(picture, model=run, out=tmp_path, layers=["0.0"], unit="2.2:7")
    text = page(tmp_path)
    assert "What excites unit 2.2:7" in text
    assert text.count("Grad-CAM of layer") == 1


def test_cells_that_are_given_are_searched(run, drawn, tmp_path):
    (cell,) = list(draw_dataset([1], Population(cells_per_patient=5, seed=2)))[:1]
    path = tmp_path / "one_of_them.png"
    path.write_bytes(encode(cell.image))
    told = []
    explain(
        path,
        model=run,
        out=tmp_path,
        data=drawn.train_data,
        labels=drawn.train_labels,
        watch=lambda stage, done, total, _: told.append((stage, done, total)),
    )
    text = page(tmp_path)
    nearest = text.partition('id="neighbours"')[2]
    assert nearest.count('<figure class="card">') == 12
    assert cell.name not in nearest  # it is no neighbour of its own
    exciting = text.partition('id="unit"')[2].partition('id="neighbours"')[0]
    assert exciting.count('<figure class="card">') == 12
    assert ("embed", 20, 20) in told
    assert ("excite", 20, 20) in told


def test_the_network_and_the_model_file_agree():
    """The shipped network's evidence is that of the shipped model file, but for temperature."""
    model, members = load(), load_members(SHIPPED)
    (cell,) = draw_dataset([3], Population(cells_per_patient=1))
    prepared = model.prepare(cell.image)[np.newaxis]
    told = evidence(members, as_cells(prepared)).numpy() / model.contract.temperature
    np.testing.assert_allclose(told, model.answer(prepared).evidence, atol=1e-3, rtol=1e-3)


def test_a_model_file_alone_gives_the_evidence(picture, run, tmp_path):
    explain(picture, model=run / "model.onnx", out=tmp_path)
    text = page(tmp_path)
    assert "a run folder, which also holds the network itself" in text
    assert 'id="gradcam"' not in text


def test_what_needs_the_network_is_refused_without_it(picture, run, tmp_path):
    with pytest.raises(ModelError, match=r"holds no network\.json"):
        explain(picture, model=run / "model.onnx", out=tmp_path / "out", unit="0.2:1")
    with pytest.raises(ConfigError, match="no layer 'none'"):
        explain(picture, model=run, out=tmp_path / "out", layers=["none"])
    with pytest.raises(ConfigError, match="has 8 maps, so no unit 8"):
        explain(picture, model=run, out=tmp_path / "out", unit="2.2:8")
    with pytest.raises(ConfigError, match="labels tell nothing"):
        explain(picture, model=run, out=tmp_path / "out", labels="labels.csv")
    assert not (tmp_path / "out").exists()


def test_a_black_picture_is_explained_like_any_other(run, tmp_path):
    black = tmp_path / "black.png"
    black.write_bytes(encode(np.zeros((20, 20, 3), np.uint8)))
    explain(black, model=run, out=tmp_path / "out")
    assert "sanity" in page(tmp_path / "out")


def test_a_layer_may_be_named_as_describe_lists_it(run, picture, tmp_path):
    explain(picture, model=run, out=tmp_path, layers=["features.0.2"], unit="features.0.2:1")
    assert "0.2:1" in page(tmp_path)
