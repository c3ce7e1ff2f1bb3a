"""The page of depth and overfitting: every fit is in a table, every setting in a drawing."""

import pytest

from laveran.metrics import Figure
from laveran.report.shortcuts_page import DepthRow, RegimeRow, ShortcutsPage, charts, render


def looks(*losses):
    return [
        {"epoch": epoch, "train_loss": loss, "train_accuracy": 0.9, "test_loss": 1.0,
         "test_accuracy": 0.8}
        for epoch, loss in enumerate(losses, start=1)
    ]  # fmt: skip


def depth(kind, convolutions, batch_norm):
    sizes = [10.0 ** (place - convolutions) for place in range(convolutions)]
    fits = [looks(0.7, 0.6), looks(0.7, 0.2)]
    test = Figure(0.8, 0.7, 0.9)
    return DepthRow(kind, convolutions, batch_norm, 1000, fits, 0.9, 0.4, test, sizes, sizes)


def made_up(**changes):
    regimes = [
        RegimeRow(cells, change, [looks(0.7, 0.1)], [2], 1.0, 0.1, 1.0, Figure(0.75, 0.6, 0.8))
        for cells in (100, 1000)
        for change in ("batch norm alone", "L1")
    ]
    settings = {
        "n_learned": 1000,
        "n_test_cells": 2513,
        "n_test_patients": 18,
        "repeats": 2,
        "size_px": 32,
        "optimistic": False,
        "notes": ["A <finding>."],
        "depths": [depth(kind, convolutions, norm) for kind in ("plain", "residual")
                   for convolutions in (6, 26) for norm in (False, True)],
        "regimes": regimes,
    }  # fmt: skip
    return ShortcutsPage(**settings | changes)


def test_the_tables_hold_every_look_and_every_convolution():
    tables = made_up().tables()
    header, rows = tables["shortcuts.csv"]
    assert len(rows) == 8 * 2 * 2
    assert dict(zip(header, rows[3], strict=True)) == {
        "kind": "plain", "convolutions": 6, "batch_norm": False, "fit": 1, "epoch": 2,
        "train_loss": 0.2, "train_accuracy": 0.9, "test_loss": 1.0, "test_accuracy": 0.8,
    }  # fmt: skip
    assert len(tables["gradients.csv"][1]) == 4 * (6 + 26)
    assert len(tables["overfitting.csv"][1]) == 4 * 2


def test_a_vanished_gradient_is_a_small_share():
    assert depth("plain", 6, batch_norm=False).fall == pytest.approx(1e-5)


def test_the_gap_is_what_the_network_seems_better_than_it_is():
    row = made_up().regimes[0]
    assert row.gap == 0.25
    assert row.to_json()["gap"] == 0.25


def test_the_page_shows_all(parse):
    page = parse(render(made_up()))
    drawings = charts(made_up())
    assert len(page.having("svg", class_="chart")) == len(drawings) == 6 + 4
    assert "6 and 26 convolutions" in page.text
    assert "gap 25.0 points" in page.text
    assert "A <finding>." in page.text
    assert "band: from the lowest to the highest of 2 fits" in page.text


def test_a_curve_is_the_mean_of_the_fits(parse):
    drawing = charts(made_up())["learning-norm"]
    assert "plain 26, epoch 2: 0.4" in parse(drawing).text
    assert len(parse(drawing).having("polygon")) == 4
