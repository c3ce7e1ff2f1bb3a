"""The contact sheet: sorted by loss, apart by kind, on one scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.report.examples import Example, contact_sheet, loss

BLANK = np.zeros((8, 8, 3), np.uint8)


def example(label, probability, evidence=None):
    return Example(f"{label}-{probability}.png", "P1", label, probability, BLANK, evidence)


def test_cells_are_sorted_by_loss_and_apart_by_kind():
    sheet = contact_sheet([example(0, 0.7), example(1, 0.1), example(0, 0.99), example(1, 0.01)])
    assert [card.example.probability for card in sheet.false_positives] == [0.99, 0.7]
    assert [card.example.probability for card in sheet.false_negatives] == [0.01, 0.1]


def test_one_strong_cell_pales_the_others():
    strong, weak = np.full((4, 4), 8, np.float32), np.full((4, 4), 1, np.float32)
    sheet = contact_sheet([example(0, 0.9, strong), example(0, 0.8, weak)])
    assert sheet.scale == 8
    alone = contact_sheet([example(0, 0.8, weak)])
    assert sheet.false_positives[1].overlay != alone.false_positives[0].overlay


def test_without_evidence_there_is_no_overlay():
    sheet = contact_sheet([example(0, 0.9), example(1, 0.1, np.ones((4, 4), np.float32))])
    assert sheet.has_evidence
    assert sheet.false_positives[0].overlay is None
    assert sheet.false_negatives[0].overlay.startswith("data:image/jpeg;base64,")
    assert not contact_sheet([example(0, 0.9)]).has_evidence


def test_no_cells_make_an_empty_sheet():
    sheet = contact_sheet([])
    assert (sheet.false_positives, sheet.false_negatives, sheet.has_evidence) == ([], [], False)


@given(st.sampled_from([0, 1]), st.floats(0, 1))
def test_a_loss_is_finite_and_not_negative(label, probability):
    assert 0 <= loss(label, probability) < 20


def test_a_loss_is_the_cross_entropy():
    assert loss(1, 0.25) == pytest.approx(np.log(4))
    assert loss(0, 0.25) == pytest.approx(-np.log(0.75))
