"""The table of figures: complete, with intervals on an axis that holds them."""

import xml.etree.ElementTree as ET
from dataclasses import fields

import pytest

from laveran.metrics import Evaluation, Figure
from laveran.report.figure_table import HIGHER_IS_BETTER, LOWER_IS_BETTER, figure_groups
from laveran.report.intervals import WIDTH, interval_strip

NAMES = [field.name for field in fields(Evaluation) if not field.name.startswith("n_")]


def evaluation(**figures):
    values = dict.fromkeys(NAMES, Figure(0.9, 0.85, 0.95)) | figures
    return Evaluation(n_cells=100, n_patients=10, **values)


def test_every_figure_of_an_evaluation_has_its_row():
    assert sorted(w.key for w in HIGHER_IS_BETTER + LOWER_IS_BETTER) == sorted(NAMES)


def test_rows_hold_value_and_interval():
    higher, lower = figure_groups(evaluation(accuracy=Figure(0.9612, 0.951, 0.968)))
    assert (higher.rows[0].value, higher.rows[0].interval) == ("96.1%", "95.1% to 96.8%")
    assert {row.wording.key for row in lower.rows} == {"blank_false_positive_rate", "ece", "brier"}


def test_an_undefined_figure_says_what_it_needs():
    higher, lower = figure_groups(
        evaluation(blank_false_positive_rate=Figure(None), auroc=Figure(None))
    )
    (blank,) = (row for row in lower.rows if row.wording.key == "blank_false_positive_rate")
    assert blank.missing == "needs controls: patients without any parasitized cell"
    assert blank.strip is None
    assert all(row.missing is None for row in higher.rows if row.wording.key != "auroc")


def test_figures_that_are_all_undefined_are_listed_without_an_axis():
    groups = figure_groups(evaluation(**dict.fromkeys(NAMES, Figure(None))))
    assert [group.axis for group in groups] == [None, None]
    assert sum(len(group.rows) for group in groups) == len(NAMES)


@pytest.mark.parametrize(
    "figure", [Figure(0.9), Figure(1.0, 1.0, 1.0), Figure(-0.2, -0.5, 0.1), Figure(0.0, 0.0, 0.0)]
)
def test_marks_stay_on_the_strip(figure):
    for group in figure_groups(evaluation(**dict.fromkeys(NAMES, figure))):
        for row in group.rows:
            for mark in ET.fromstring(row.strip).iter("line"):
                assert 0 <= float(mark.get("x1")) <= WIDTH


def test_the_interval_spans_its_ends():
    strip = ET.fromstring(interval_strip(Figure(0.5, 0.25, 1.0), 0.0, 1.0, []))
    interval = strip.find("line[@class='interval']")
    value = strip.find("line[@class='value-mark']")
    assert float(interval.get("x2")) == WIDTH - 16
    assert float(interval.get("x1")) == 16 + 0.25 * (WIDTH - 32)
    assert float(value.get("x1")) == WIDTH / 2


def test_without_an_interval_only_the_value_is_marked():
    strip = ET.fromstring(interval_strip(Figure(0.5), 0.0, 1.0, []))
    assert strip.find("line[@class='interval']") is None
    assert strip.find("line[@class='value-mark']") is not None
