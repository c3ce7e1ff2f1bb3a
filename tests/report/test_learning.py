"""Learning curves: folds, gaps, single epochs."""

import xml.etree.ElementTree as ET

import numpy as np

from laveran.report.learning import ACCURACY, BOTTOM, LOSS, TOP, learning_curves


def history(folds=1, epochs=4):
    return [
        {"fold": fold, "epoch": epoch, "train_loss": 1.0 / epoch, "valid_loss": 2.0 / epoch}
        for fold in range(folds)
        for epoch in range(1, epochs + 1)
    ]


def test_one_fold_is_one_line_a_curve():
    chart = ET.fromstring(learning_curves(history(), LOSS, "loss"))
    lines = chart.findall(".//polyline")
    assert [line.get("class") for line in lines] == ["train", "valid"]
    assert len(lines[0].get("points").split()) == 4


def test_several_folds_are_thin_with_their_mean_over_the_epochs_all_reached():
    rows = [row for row in history(folds=3) if row["fold"] or row["epoch"] < 4]
    chart = ET.fromstring(learning_curves(rows, LOSS, "loss"))
    assert len(chart.findall(".//polyline[@class='train fold']")) == 3
    (mean,) = chart.findall(".//polyline[@class='train']")
    assert len(mean.get("points").split()) == 3


def test_the_first_epoch_has_the_highest_loss_on_the_page():
    line = ET.fromstring(learning_curves(history(), LOSS, "loss")).find(
        ".//polyline[@class='valid']"
    )
    heights = [float(pair.split(",")[1]) for pair in line.get("points").split()]
    assert heights == sorted(heights)
    assert heights[0] == TOP
    assert heights[-1] <= BOTTOM


def test_each_epoch_reads_out_all_curves():
    readings = [
        title.text
        for title in ET.fromstring(learning_curves(history(2), LOSS, "loss")).iter("title")
    ]
    assert readings[1] == "epoch 2: train 0.5 (mean of 2 folds), valid 1 (mean of 2 folds)"


def test_what_is_missing_is_left_out():
    rows = [{"epoch": 1, "valid_accuracy": float("nan")}, {"epoch": 2, "valid_accuracy": 0.9}]
    chart = ET.fromstring(learning_curves(rows, ACCURACY, "accuracy", shares=True))
    assert len(chart.findall(".//circle")) == 1
    assert [title.text for title in chart.iter("title")] == ["epoch 2: valid 90.0%"]


def test_no_history_is_no_chart():
    assert learning_curves([], LOSS, "loss") is None
    assert learning_curves([{"epoch": 1, "seconds": 2.0}], LOSS, "loss") is None


def test_epochs_are_whole_numbers():
    for epochs in (1, 2, 7, 300):
        chart = ET.fromstring(learning_curves(history(epochs=epochs), LOSS, "loss"))
        ticks = [text.text for text in chart.iter("text") if text.get("text-anchor") == "middle"]
        assert ticks
        assert len(ticks) <= 8
        assert all(1 <= int(tick) <= epochs for tick in ticks)


def test_numpy_numbers_are_taken():
    rows = [{"epoch": np.int64(i), "valid_accuracy": np.float32(0.5 + i / 10)} for i in (1, 2)]
    assert learning_curves(rows, ACCURACY, "accuracy", shares=True)
