"""Several models together, against the same by numpy."""

from pathlib import Path

import numpy as np
import pytest

from hostile import encode
from laveran.errors import ConfigError, DataError, ModelError
from laveran.model.contract import Golden, OperatingPoint, OutlierGate
from laveran.model.ensemble import Ensemble, open_reader
from laveran.model.evaluation import evaluate
from laveran.model.prediction import predict
from laveran.model.runtime import SHIPPED, load
from small_model import (
    BLUE,
    FIGURE,
    RED,
    picture,
    small_contract,
    small_graph,
    with_output,
    write_small_model,
)

LARGE_PX = 16


def accuracy_at(threshold):
    return OperatingPoint(
        name="accuracy", threshold=threshold, sensitivity=FIGURE, specificity=FIGURE
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """It calls cells parasitized from 0.2 on, and has two more operating points."""
    known = small_contract().operating_points
    contract = small_contract(operating_points=(accuracy_at(0.2), *known[1:]))
    return write_small_model(tmp_path_factory.mktemp("small") / "model.onnx", metadata=contract)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """The same colours count half as much, in cells of twice the side."""
    weight = np.array([-4.5, 0.5, 4.0], np.float32)
    cell = np.full((LARGE_PX, LARGE_PX, 3), 100, np.uint8)
    logit = float((cell / 255).mean((0, 1)) @ weight + 0.25)
    contract = small_contract(
        size_px=LARGE_PX,
        operating_points=(accuracy_at(0.5),),
        golden=Golden.of(cell, logit, 1 / (1 + np.exp(-logit))),
    )
    path = tmp_path_factory.mktemp("large") / "model.onnx"
    return write_small_model(path, small_graph(weight, size_px=LARGE_PX), contract)


@pytest.fixture
def pictures():
    """From blue to red, of several sizes, so that answers lie on both sides of any threshold."""
    shades = np.linspace(BLUE, RED, 25).astype(np.uint8)
    return [picture(shade, 12 + index % 3) for index, shade in enumerate(shades)]


@pytest.fixture
def data(pictures, tmp_path):
    """A folder of those pictures, and a table of labels."""
    folder = tmp_path / "cells"
    folder.mkdir()
    for index, image in enumerate(pictures):
        (folder / f"{index}.png").write_bytes(encode(image))
    table = tmp_path / "labels.csv"
    table.write_text(
        "img_name,label\n" + "".join(f"{i}.png,{i % 2}\n" for i in range(len(pictures)))
    )
    return folder, table


def odds(probability):
    p = np.asarray(probability, np.float64)
    return np.log(p / (1 - p))


def test_the_answer_has_the_mean_log_odds_of_the_models(small, large, pictures):
    together = open_reader([small, large])
    cells = np.stack([together.prepare(image) for image in pictures])
    assert cells.shape == (25, 3 * (8 * 8 + LARGE_PX**2))
    alone = [odds(load(path).predict(pictures)) for path in (small, large)]
    assert np.ptp(alone, axis=0).max() > 0.1  # they do not say the same
    found = together.probabilities(cells)
    assert found.dtype == np.float32
    np.testing.assert_allclose(odds(found), np.mean(alone, axis=0), atol=1e-4)


def test_it_is_called_at_the_mean_of_their_thresholds(small, large):
    together = open_reader([small, large])
    assert odds(together.threshold("accuracy")) == pytest.approx((odds(0.2) + 0) / 2)
    assert together.operating_points == ("accuracy",)  # the others are of one model alone
    with pytest.raises(ConfigError, match="no operating point 'never'"):
        together.threshold("never")


def test_its_default_is_that_of_its_models_or_accuracy(tmp_path):
    points = small_contract().operating_points

    def first(place):
        ordered = [points[place], *points[:place], *points[place + 1 :]]
        path = tmp_path / f"{place}.onnx"
        return load(write_small_model(path, metadata=small_contract(operating_points=ordered)))

    assert Ensemble([first(1), first(1)]).default_point == "never"
    assert Ensemble([first(1), first(2)]).default_point == "accuracy"


def test_models_without_a_common_operating_point_are_refused(tmp_path):
    paths = [
        write_small_model(
            tmp_path / f"{point.name}.onnx", metadata=small_contract(operating_points=[point])
        )
        for point in small_contract().operating_points[:2]
    ]
    with pytest.raises(ConfigError, match="no operating point in common"):
        open_reader(paths)


def test_a_cell_is_an_outlier_where_most_models_say_so(tmp_path):
    def gated(name, threshold):
        gate = OutlierGate(threshold=threshold)
        graph = with_output("outlier", ["N"], "logit")
        return load(write_small_model(tmp_path / name, graph, small_contract(gate=gate)))

    strict, loose = gated("strict.onnx", 0.1), gated("loose.onnx", 99.0)
    blue = strict.prepare(picture(BLUE)).ravel()
    for models, expected in (([strict, strict, loose], True), ([strict, loose, loose], False)):
        together = Ensemble(models)
        cells = np.tile(blue, 3)[np.newaxis]
        assert together.judge(cells).is_outlier.tolist() == [expected]


def test_a_submission_of_several_models(small, large, data, tmp_path):
    folder, _ = data
    found = predict(folder, model=[small, large], out=tmp_path / "both.csv")
    turned = predict(folder, model=[str(large), small], out=tmp_path / "turned.csv")
    alone = [predict(folder, model=path, out=tmp_path / "one.csv") for path in (small, large)]
    mean = np.mean([odds(each.probabilities) for each in alone], axis=0)
    np.testing.assert_allclose(odds(found.probabilities), mean, atol=1e-4)
    np.testing.assert_array_equal(found.classes, mean >= odds(0.2) / 2)
    np.testing.assert_array_equal(found.classes, turned.classes)
    assert alone[0].n_parasitized > found.n_parasitized > alone[1].n_parasitized


def test_figures_of_several_models(small, large, data, tmp_path):
    found = evaluate(*data, model=[small, large], tta=True)
    told = predict(data[0], model=[small, large], out=tmp_path / "s.csv")
    np.testing.assert_allclose(found.y_prob, told.probabilities, atol=1e-5)
    assert list(found.operating_points) == ["accuracy"]
    assert found.tta["accuracy"].value == 0  # colours have no side


def test_what_reads_cells(small, large):
    one = load(small)
    assert open_reader(one) is one
    assert open_reader([small]).path == small
    together = Ensemble([one, load(large)])
    assert open_reader(together) is together
    for shipped in (None, [], "shipped"):
        assert open_reader(shipped).path.parent == SHIPPED
    assert open_reader(["shipped", small]).models[0].path.parent == SHIPPED
    assert open_reader([small, large], tta=True).tta
    assert not open_reader([small, large], tta=True).without_tta().tta


def test_a_path_called_shipped_is_itself(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shipped").symlink_to(small)
    assert load("shipped").contract == load(small).contract


def test_bad_ensembles_are_refused(small, large, tmp_path):
    with pytest.raises(ConfigError, match="two models or more"):
        Ensemble([load(small)])
    with pytest.raises(ModelError, match="there is no model"):
        open_reader([small, tmp_path / "none"])
    with pytest.raises(DataError, match="must be RGB"):
        open_reader([small, large]).prepare(np.zeros((4, 4), np.uint8))
