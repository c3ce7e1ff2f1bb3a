"""Cells cut out of photographs that people annotated, and what a model says of them."""

import json

import cv2
import numpy as np
import pytest

import laveran
import other_sites
from laveran.cells.synthetic import draw_cell, draw_patient


@pytest.fixture
def sites(tmp_path):
    """Two sites of one photograph each, of drawn cells side by side, 100 px apart."""
    rng = np.random.default_rng(0)
    patient = draw_patient(rng)
    photo = np.full((120, 520, 3), 200, np.uint8)
    for place, stage in enumerate((None, "ring", None, "trophozoite", None)):
        cell = cv2.resize(draw_cell(rng, patient, stage).image, (80, 80))
        photo[20:100, 20 + 100 * place : 100 + 100 * place] = cell
    kinds = ("red blood cell", "ring", "difficult", "trophozoite", "red blood cell")
    boxes = [
        {"type": kind, "bbox": {"x": str(20 + 100 * place), "y": "20", "w": "80", "h": "80"}}
        for place, kind in enumerate(kinds)
    ]
    for folder in ("infected", "free"):
        (tmp_path / folder / "images").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / folder / "images" / "one.jpg"), photo[..., ::-1])
    told = [{"image_name": "one.jpg", "objects": boxes}]
    (tmp_path / "infected" / "annotations.json").write_text(json.dumps(told))
    (tmp_path / "free" / "points").mkdir()
    # a normal cell, one of another shape, and a normal one that the photograph's edge cuts
    (tmp_path / "free" / "points" / "one.txt").write_text("60 60 0\n260 60 7\n490 60 0\n")
    return tmp_path / "infected", tmp_path / "free"


def test_cells_of_known_stages_are_cut_out(sites):
    cells = other_sites.infected_cells(sites[0])
    assert cells.y_true == [0, 1, 1, 0]
    assert {picture.shape for picture in cells.pictures} == {(80, 80, 3)}
    assert set(cells.photos) == {"one.jpg"}


def test_normal_cells_that_lie_within_the_photograph_are_cut_out(sites):
    cells = other_sites.free_cells(sites[1])
    assert cells.y_true == [0]
    assert cells.pictures[0].shape == (other_sites.NORMAL_PX, other_sites.NORMAL_PX, 3)


def test_what_lies_around_a_cell_is_black():
    cut = other_sites.on_black(np.full((50, 60, 3), 9, np.uint8), 10, 5, 41, 31)
    assert cut.shape == (31, 41, 3)
    assert (cut[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    assert (cut[15] == 9).all()
    assert (cut[:, 20] == 9).all()


def test_a_box_beyond_the_edge_gives_what_there_is():
    assert other_sites.on_black(np.ones((50, 60, 3), np.uint8), -5, 40, 30, 30).shape == (10, 25, 3)


def test_a_photograph_that_is_missing_is_named(sites):
    (sites[0] / "images" / "one.jpg").unlink()
    with pytest.raises(SystemExit, match=r"one\.jpg cannot be read"):
        other_sites.infected_cells(sites[0])


def test_figures_are_those_of_the_calls(sites):
    model = laveran.load()
    infected, free = (other_sites.infected_cells(sites[0]), other_sites.free_cells(sites[1]))
    told = {row.what: row.measured for row in other_sites.lines("it", model, infected, free)}
    called = np.array(model.predict(free.pictures)) >= 0.5
    found = told["false positives at probability=0.5, 1 cells of films without, it"]
    assert float(found.split()[0]) == called.mean()
    found = told["sensitivity at probability=0.5, 4 cells of films with malaria, it"]
    parasites = [p for p, label in zip(infected.pictures, infected.y_true, strict=True) if label]
    assert float(found.split()[0]) == (np.array(model.predict(parasites)) >= 0.5).mean()
    assert "AUROC, 1 cells of films without, it" not in told


def test_both_sites_are_read_as_they_were_published(data_dir):
    infected = other_sites.infected_cells(data_dir / "smears_site_a")
    free = other_sites.free_cells(data_dir / "smears_no_malaria")
    assert (len(infected.y_true), sum(infected.y_true), len(set(infected.photos))) == (6368, 85, 60)
    assert len(free.y_true) == 327
