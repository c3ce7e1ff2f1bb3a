"""The pointing game: peaks, places and chance."""

import csv

import numpy as np
import pytest
import torch

from laveran.cells.crop import letterbox
from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.errors import ConfigError, LabelsError
from laveran.networks.mlp import MlpSpec
from laveran.networks.network import build, save
from laveran.networks.stack import plain
from laveran.study.explanation import pointing
from laveran.study.explanation.places import Places, drawn_places, letterboxed, stained_places
from laveran.study.explanation.play import play
from laveran.study.explanation.pointing import ALL, ALONE, CALLED, HARD, darkest, peaks_of, point
from laveran.study.explanation.spots import stained_spots
from small_model import write_small_model

SIZE_PX = 16


@pytest.fixture(scope="module")
def members():
    torch.manual_seed(1)
    return [build(plain((4, 8), per_stage=1), SIZE_PX).eval()]


@pytest.fixture(scope="module")
def places():
    return drawn_places(14, size_px=SIZE_PX)


def test_drawn_places_are_whole_cells_of_patients_of_their_own(places):
    assert places.pictures.shape == (len(places), SIZE_PX, SIZE_PX, 3)
    assert len(places) + places.left_out == 14
    assert places.targets.any((1, 2)).all()
    assert set(places.patients) == {"drawn 1", "drawn 2"}
    assert (places.pictures.max(3)[places.targets] > 0).mean() > 0.95
    other = drawn_places(14, size_px=SIZE_PX, seed=1)
    assert not np.array_equal(places.pictures[0], other.pictures[0])


def test_a_mask_goes_where_its_picture_goes():
    """A bright square in a wide black picture is found where its mask is."""
    image, mask = np.zeros((60, 100, 3), np.uint8), np.zeros((60, 100), bool)
    image[20:40, 70:90] = 255
    mask[20:40, 70:90] = True
    np.testing.assert_array_equal(letterbox(image, 32)[..., 0] > 127, letterboxed(mask, 32))
    assert letterboxed(mask, 32).sum() == pytest.approx(400 * 0.32**2, rel=0.25)


def test_distance_and_chance_are_those_of_the_mask():
    target = np.zeros((1, 9, 9), bool)
    target[0, 4, 4] = True
    picture = np.full((1, 9, 9, 3), 99, np.uint8)
    picture[0, :, 6:] = 0  # outside the cell
    known = Places(picture, target, ["a"], ["ring"], 0, drawn=True)
    assert known.distance_px(np.array([[4, 4]])) == [0]
    assert known.distance_px(np.array([[4, 7]])) == [3]
    assert known.distance_px(np.array([[0, 1]]))[0] == pytest.approx(5)
    assert known.chance(0)[0] == pytest.approx(1 / 54)
    assert known.chance(1)[0] == pytest.approx(5 / 54)
    assert known.chance(99)[0] == 1


def test_a_map_of_the_truth_always_hits_and_a_wrong_one_never(members, places, monkeypatch):
    truth = dict(zip(map(bytes, places.pictures), places.targets, strict=True))

    def of_cells(sign):
        def method(_, cells):
            pictures = cells.permute(0, 2, 3, 1).to(torch.uint8).numpy()
            return torch.tensor(
                np.stack([sign * truth[bytes(np.ascontiguousarray(p))] for p in pictures])
            ).float()

        return method

    monkeypatch.setattr(pointing, "methods", lambda *_: {"truth": of_cells(1), "lie": of_cells(-1)})
    rows = {(row.method, row.among): row for row in point(members, places).rows}
    assert rows["truth", ALL].hits.value == rows["truth", ALL].exact.value == 1
    assert rows["lie", ALL].exact.value == 0
    assert rows["truth", ALL].distance_px == 0
    assert 0 < rows["truth", ALL].chance < 1
    assert rows["truth", ALL].cells == len(places)


def test_all_methods_are_compared(members, places):
    told = []
    found = point(members, places, watch=lambda *words: told.append(words[0]))
    names = ["evidence", "grad-cam 0.2", "occlusion", "integrated gradients", ALONE]
    assert [row.method for row in found.rows if row.among == ALL] == names
    assert list(dict.fromkeys(told)) == names[:-1]
    assert found.tolerance_px == pytest.approx(8**0.5)  # half the diagonal of a place of 4 px
    called = int((found.logit > 0).sum())
    assert {row.cells for row in found.rows if row.among == CALLED} == ({called} - {0})
    hard = (found.distance_px[ALONE] > found.tolerance_px).sum()
    assert {row.cells for row in found.rows if row.among == HARD} == ({hard} - {0})


def test_a_peak_of_a_coarse_map_is_in_its_place():
    maps = torch.zeros(1, 4, 4)
    maps[0, 2, 1] = 1
    ((row, column),) = peaks_of(maps, torch.ones(1, 3, 16, 16)).tolist()
    assert (row // 4, column // 4) == (2, 1)


def test_the_darkest_spot_is_within_the_cell():
    cell = np.zeros((1, 32, 32, 3), np.uint8)
    cell[0, 4:28, 4:28] = 180
    cell[0, 18:21, 10:13] = 60
    ((row, column),) = darkest(cell).tolist()
    assert (row, column) == (19, 11)


@pytest.mark.parametrize("colour", [(120, 60, 150), (150, 60, 110)])
def test_a_violet_spot_is_found_and_a_red_shade_is_not(colour):
    cell = np.zeros((64, 64, 3), np.uint8)
    cell[8:56, 8:56] = (215, 160, 165)
    cell[20:26, 30:36] = colour
    found = stained_spots(cell)
    assert found[20:26, 30:36].all()
    assert found.sum() == 36
    pale = cell.copy()
    pale[20:26, 30:36] = (212, 140, 150)
    assert not stained_spots(pale).any()


def test_a_rim_and_a_speck_are_no_spots():
    cell = np.zeros((64, 64, 3), np.uint8)
    cell[8:56, 8:56] = (100, 60, 140)
    cell[10:54, 10:54] = (215, 160, 165)
    cell[30, 30:33] = (100, 60, 140)
    assert not stained_spots(cell).any()
    assert not stained_spots(np.zeros((64, 64, 3), np.uint8)).any()


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    population = Population(cells_per_patient=8, seed=4)
    return write_cells(
        tmp_path_factory.mktemp("cells"), population, train_patients=6, test_patients=1
    )


def test_real_places_are_spots_of_parasitized_cells(drawn):
    found = stained_places(
        drawn.train_data, drawn.train_labels, 12, crop="letterbox-v1", size_px=64
    )
    assert len(found) + found.left_out == 12
    assert len(found) >= 8
    assert not found.drawn
    for picture, target in zip(found.pictures, found.targets, strict=True):
        np.testing.assert_array_equal(stained_spots(picture), target)
    with drawn.train_labels.open() as file:
        labels = {row[0]: row[1] for row in csv.reader(file)}
    assert {labels[name.rpartition("/")[2]] for name in found.names} == {"1"}


def test_table_and_page_are_written(tmp_path):
    spec = plain((4, 8), per_stage=1)
    torch.manual_seed(2)
    folder = write_small_model(tmp_path / "run" / "model.onnx").parent  # of 8 px
    save([build(spec, 8).eval()], spec, 8, folder)
    found = play(model=folder, out=tmp_path / "out", cells=5)
    with (tmp_path / "out" / "pointing.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["method"], row["among"]) for row in rows] == [
        (row.method, row.among) for row in found.rows
    ]
    first = found.rows[0]
    assert float(rows[0]["hits"]) == pytest.approx(first.hits.value, abs=1e-4)
    assert float(rows[0]["chance"]) == pytest.approx(first.chance, abs=1e-4)
    page = (tmp_path / "out" / "pointing.html").read_text()
    assert "5 drawn parasitized cells of 1 drawn patients" in page
    assert page.count('<figure class="card">') == 5


def test_what_cannot_point_is_refused(places, tmp_path):
    blind = [build(MlpSpec(hidden=(4,)), SIZE_PX).eval()]
    with pytest.raises(ConfigError, match="no evidence map"):
        point(blind, places)
    with pytest.raises(ConfigError, match="at least one cell"):
        drawn_places(0, size_px=SIZE_PX)
    with pytest.raises(LabelsError, match="labels tell nothing"):
        play(labels="labels.csv", out=tmp_path)
