"""Drawn cells: seeded, true to their labels, black outside, of many stains."""

import numpy as np
import pytest

from laveran.cells.drawing_parasites import STAGES
from laveran.cells.synthetic import LARGEST_PX, SMALLEST_PX, draw_cell, draw_patient
from laveran.errors import ConfigError

KINDS = (*STAGES, None)


def draw(seed, stage):
    rng = np.random.default_rng(seed)
    return draw_cell(rng, draw_patient(rng), stage)


@pytest.fixture(scope="module")
def cells():
    return [draw(seed, stage) for stage in KINDS for seed in range(30)]


def test_a_seed_draws_the_same_cell_again():
    first, again, other = draw(3, "ring"), draw(3, "ring"), draw(4, "ring")
    assert first.image.tobytes() == again.image.tobytes()
    assert np.array_equal(first.parasite_mask, again.parasite_mask)
    assert first.image.tobytes() != other.image.tobytes()


def test_no_two_cells_are_the_same_picture(cells):
    assert len({cell.image.tobytes() for cell in cells}) == len(cells)


def test_label_stage_and_parasite_agree(cells):
    for cell in cells:
        assert cell.label == (cell.stage is not None) == cell.parasite_mask.any()


def test_a_parasite_is_darker_in_green_than_its_cell(cells):
    rings = [cell for cell in cells if cell.stage == "ring"]
    for cell in rings:
        green = cell.image[:, :, 1].astype(float)
        inside = green[cell.parasite_mask].min()
        assert inside < np.median(green[cell.outline_mask & ~cell.parasite_mask]) - 10


def test_rings_are_small_and_schizonts_large(cells):
    def share(stage):
        shares = [c.parasite_mask.sum() / c.outline_mask.sum() for c in cells if c.stage == stage]
        return np.median(shares)

    assert 0.02 < share("ring") < 0.16
    assert share("ring") < share("trophozoite") < share("schizont")
    assert share("schizont") > 0.2


def test_black_is_outside_the_outline_and_nowhere_else(cells):
    for cell in cells:
        assert cell.image.dtype == np.uint8
        assert cell.image.shape == (*cell.outline_mask.shape, 3)
        assert np.array_equal(cell.image.any(axis=2), cell.outline_mask)
        assert not cell.outline_mask.all()
        assert not (cell.parasite_mask & ~cell.outline_mask).any()


def test_crops_are_as_large_as_the_real_ones_and_tight(cells):
    for cell in cells:
        assert min(cell.outline_mask.shape) >= SMALLEST_PX
        assert max(cell.outline_mask.shape) <= LARGEST_PX
        if min(cell.outline_mask.shape) > SMALLEST_PX:
            edges = (cell.outline_mask[0], cell.outline_mask[-1])
            assert all(edge.any() for edge in (*edges, *cell.outline_mask.T[[0, -1]]))
    assert 120 < np.mean([cell.image.shape[1] for cell in cells]) < 145


def test_stains_differ_between_patients_more_than_within_one():
    def colour(rng, patient):
        cell = draw_cell(rng, patient)
        return cell.image[cell.outline_mask].mean(axis=0)

    means, spreads = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        patient = draw_patient(rng)
        colours = np.array([colour(rng, patient) for _ in range(5)])
        means.append(colours.mean(axis=0))
        spreads.append(colours.std(axis=0).mean())
    assert np.std(means, axis=0).mean() > 1.5 * np.mean(spreads)


def test_an_unknown_stage_is_refused():
    with pytest.raises(ConfigError, match="choose one of ring, trophozoite"):
        draw(0, "hypnozoite")
