"""The page of shifts shows every curve, and its table holds what the curves are drawn from."""

import numpy as np
import pytest

from laveran.metrics import Figure
from laveran.report.shift_page import (
    ChangePanel,
    LayerRow,
    NetworkTable,
    Portrait,
    ShiftCurve,
    ShiftPage,
    charts,
    render,
)

NAMES, AUGMENTATIONS = ("CNN", "MLP of equal size"), ("none", "shift")
BLACK = np.zeros((16, 16, 3), np.uint8)


def panel(name, unit, amounts):
    curves = [
        ShiftCurve(
            network,
            augmentation,
            amounts,
            [Figure(0.9 - 0.01 * amount, 0.7, 0.97) for amount in amounts],
        )
        for network in NAMES
        for augmentation in AUGMENTATIONS
    ]
    return ChangePanel(name, unit, 0, curves, [Portrait("<b>0", BLACK)])


def made_up(**changes):
    keys = [(network, augmentation) for network in NAMES for augmentation in AUGMENTATIONS]
    settings = {
        "n_learned": 2100,
        "n_test_cells": 900,
        "n_test_patients": 27,
        "repeats": 2,
        "epochs": 15,
        "cell_px": 8,
        "side_px": 16,
        "optimistic": False,
        "notes": ["A <finding>."],
        "networks": [NetworkTable(name, [LayerRow("Conv2d", (4, 8, 8), 448)], 448)
                     for name in NAMES],
        "panels": [panel("shift", "px", [0, 8, 16]), panel("turn", "degrees", [0, 90])],
        "gains": {("none", "shift 16"): Figure(0.25, 0.125, 0.3), ("shift", "shift 0"): Figure(0)},
        "drifts": {key: [0.0, 0.1] for key in keys},
        "equivariance_error": 3e-7,
        "stride_px": 8,
        "maps": [[[0.0, 1.0], [0.5, 0.0]]] * 2,
        "cell": BLACK,
    }  # fmt: skip
    return ShiftPage(**settings | changes)


def test_the_table_has_a_row_a_point():
    header, rows = made_up().table()
    assert header == ("network", "augmentation", "change", "amount", "accuracy", "low", "high")
    assert len(rows) == 4 * (3 + 2)
    assert rows[2] == ["CNN", "none", "shift", "16", "0.740000", "0.700000", "0.970000"]


def test_every_curve_is_drawn_on_the_page(parse):
    page = parse(render(made_up()))
    assert len(page.having("polyline")) == 2 * 4 + 4
    assert "A <finding>." in page.text
    assert "3 + 1 = 769 with its bias" in page.text
    assert "12.5 to 30.0" in page.text
    assert set(charts(made_up())) == {
        *("shift-none", "shift-shift", "turn-none", "turn-shift", "drift-none", "drift-shift")
    }


@pytest.mark.parametrize("optimistic", [True, False])
def test_patients_on_both_sides_are_said(optimistic, parse):
    page = parse(render(made_up(optimistic=optimistic)))
    assert ("Optimistic:" in page.text) is optimistic


def test_machines_get_the_same_figures():
    plain = made_up().to_json()
    assert plain["parameters"] == dict.fromkeys(NAMES, 448)
    assert plain["gains"][0] == {
        "augmentation": "none", "change": "shift 16", "value": 0.25, "low": 0.125, "high": 0.3
    }  # fmt: skip
