"""The model that ships: its file alone, as the light install has it."""

import cv2
import numpy as np
import pytest

from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.model.runtime import load


def _evidence(model, cells, side_px):
    """Evidence maps in pixels of the page [N, side_px, side_px]."""
    maps = model.answer(cells).evidence
    return np.stack([cv2.resize(each, (side_px, side_px)) for each in maps])


@pytest.mark.parametrize("axis", [1, 2])
def test_the_evidence_of_a_mirrored_cell_lies_where_the_mirrored_evidence_lies(axis):
    model = load()
    rng = np.random.default_rng(0)
    cells = np.stack(
        [model.prepare(draw_cell(rng, draw_patient(rng), "ring").image) for _ in range(32)]
    )
    mirrored = np.ascontiguousarray(np.flip(cells, axis))
    plain = _evidence(model, cells, model.size_px)
    back = np.flip(_evidence(model, mirrored, model.size_px), axis)
    inner = [slice(None), slice(8, -8), slice(8, -8)]
    alike = {
        shift: np.corrcoef(
            np.roll(back, shift, axis)[tuple(inner)].ravel(), plain[tuple(inner)].ravel()
        )[0, 1]
        for shift in range(-8, 9)
    }
    assert abs(max(alike, key=alike.get)) <= 2  # half of it is how far a map lies beside its cell


def test_it_calls_where_few_cells_of_controls_are_called():
    contract = load().contract
    assert contract.default_point == "specificity=0.99"
    assert contract.operating_point(contract.default_point).blank.value <= 0.01
    assert contract.operating_point("accuracy").accuracy.value > 0.96
