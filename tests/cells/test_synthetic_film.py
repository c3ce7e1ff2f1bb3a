"""Drawn films: the truth fits the photograph."""

import json

import cv2
import numpy as np
import pytest

from laveran.cells.synthetic import draw_patient
from laveran.cells.synthetic_film import CAPTION_PX, KINDS, draw_film, write_film
from laveran.errors import ConfigError

SMALL = {"width_px": 480, "height_px": 360, "red_cells": 30, "diameter_px": 50.0}


@pytest.fixture(scope="module")
def film():
    return draw_film(4, parasitaemia=0.4, **SMALL)


def test_a_seed_draws_the_same_film_again(film):
    again = draw_film(4, parasitaemia=0.4, **SMALL)
    assert again.image.tobytes() == film.image.tobytes()
    assert [cell.box for cell in again.cells] == [cell.box for cell in film.cells]
    assert draw_film(5, **SMALL).image.tobytes() != film.image.tobytes()


def test_the_photograph_and_its_counts_are_as_asked(film):
    assert film.image.shape == (360, 480, 3)
    assert film.image.dtype == np.uint8
    assert 20 <= film.count("red cell") <= 30
    assert film.count("white cell") == 1
    assert film.count("platelet") <= 6
    assert film.count("debris") <= 3
    assert {cell.kind for cell in film.cells} <= set(KINDS)


def test_boxes_hold_their_masks_tightly(film):
    for cell in film.cells:
        left, top, width, height = cell.box
        assert cell.mask.shape == (height, width)
        assert 0 <= left < left + width <= 480
        assert 0 <= top < top + height <= 360
        for edge in (cell.mask[0], cell.mask[-1], cell.mask[:, 0], cell.mask[:, -1]):
            assert edge.any()


def test_outlines_agree_with_masks(film):
    for cell in film.cells:
        if cell.kind != "red cell":
            continue
        drawn = np.zeros(film.image.shape[:2], np.uint8)
        cv2.fillPoly(drawn, [np.round(cell.outline).astype(np.int32)], 1)
        left, top, width, height = cell.box
        inside = drawn[top : top + height, left : left + width] > 0
        overlap = (inside & cell.mask).sum() / (inside | cell.mask).sum()
        assert overlap > 0.85


def test_cells_that_are_cut_are_those_whose_outline_leaves_the_photograph(film):
    for cell in film.cells:
        beyond = np.maximum(-cell.outline, cell.outline - (479, 359)).max()
        if abs(beyond) > 1.5:
            assert cell.cut_by_border == (beyond > 0)
    assert 0 < sum(cell.cut_by_border for cell in film.cells) < len(film.cells)


def test_parasites_lie_in_red_cells_and_are_dark(film):
    parasitized = [cell for cell in film.cells if cell.label]
    assert parasitized
    for cell in film.cells:
        assert (cell.parasite_mask is not None) == bool(cell.label)
    for cell in parasitized:
        assert cell.kind == "red cell"
        assert cell.parasite_mask.shape == cell.mask.shape
        assert cell.parasite_mask.any()
    whole = [cell for cell in parasitized if not cell.cut_by_border]
    for cell in whole:
        left, top, width, height = cell.box
        green = film.image[top : top + height, left : left + width, 1].astype(float)
        assert green[cell.parasite_mask].min() < np.median(green[cell.mask]) - 10


def test_parasitaemia_is_the_share_of_red_cells(film):
    expected = sum(cell.label for cell in film.cells) / film.count("red cell")
    assert film.parasitaemia == expected
    assert draw_film(1, parasitaemia=0.0, **SMALL).parasitaemia == 0
    assert draw_film(1, red_cells=0, white_cells=0, platelets=0, debris=0).parasitaemia == 0


def test_red_cells_are_darker_than_the_empty_film(film):
    covered = np.zeros(film.image.shape[:2], bool)
    for cell in film.cells:
        left, top, width, height = cell.box
        covered[top : top + height, left : left + width] |= cell.mask
    green = film.image[:, :, 1].astype(float)
    assert np.median(green[covered]) < np.median(green[~covered]) - 10


def test_some_red_cells_touch_or_overlap(film):
    depth = np.zeros(film.image.shape[:2], int)
    for cell in film.cells:
        if cell.kind == "red cell":
            left, top, width, height = cell.box
            depth[top : top + height, left : left + width] += cell.mask
    assert depth.max() >= 2
    assert (depth > 1).sum() < 0.1 * (depth > 0).sum()


def test_the_caption_stands_in_a_corner_without_cells(film):
    width, height = CAPTION_PX
    corner = film.image[-height:, :width].astype(int)
    assert (corner.sum(axis=2) < 200).sum() > 100
    for cell in film.cells:
        left, top, _, tall = cell.box
        assert left >= width - 3 or top + tall <= 360 - height + 3


def test_films_of_one_patient_are_stained_alike():
    def tint(seed, patient=None):
        film = draw_film(seed, patient=patient, red_cells=0, width_px=300, height_px=240)
        colour = np.median(film.image.reshape(-1, 3), axis=0)
        return colour / colour.sum()

    patient = draw_patient(np.random.default_rng(0))
    same = np.std([tint(seed, patient) for seed in range(6)], axis=0).mean()
    others = np.std([tint(seed) for seed in range(6)], axis=0).mean()
    assert others > 3 * same


def test_a_written_film_says_synthetic_and_carries_its_truth(film, tmp_path):
    path = tmp_path / "synthetic" / "film_1.png"
    write_film(path, film)
    assert b"synthetic" in path.read_bytes()
    decoded = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    assert np.array_equal(decoded, film.image)
    truth = json.loads(path.with_suffix(".json").read_text())
    assert truth["notice"].startswith("synthetic")
    assert [tuple(cell["box"]) for cell in truth["cells"]] == [cell.box for cell in film.cells]
    assert [cell["stage"] for cell in truth["cells"]] == [cell.stage for cell in film.cells]


@pytest.mark.parametrize(
    "setting", [{"width_px": 100}, {"diameter_px": 5}, {"parasitaemia": 2}, {"red_cells": -1}]
)
def test_settings_that_cannot_work_are_refused(setting):
    with pytest.raises(ConfigError):
        draw_film(0, **setting)


def test_a_film_is_written_as_png_only(film, tmp_path):
    with pytest.raises(ConfigError, match=r"suffix \.png"):
        write_film(tmp_path / "film.jpg", film)
