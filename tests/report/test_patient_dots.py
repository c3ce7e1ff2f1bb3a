"""A dot a patient: placed by accuracy, sized by cells, apart from each other."""

import math
import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.metrics import PatientRow, patient_table, worst_tenth_accuracy
from laveran.report.patients import MOST_DOTS, patient_dots, spread, worst_tenth


def row(name, accuracy, n_cells=100, n_parasitized=50):
    wrong = round((1 - accuracy) * n_cells)
    return PatientRow(name, n_cells, n_parasitized, n_parasitized + wrong, wrong, 0, accuracy)


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(1, 8)), max_size=25))
def test_no_two_dots_overlap(dots):
    placed = [(x, y, r) for (x, r), y in zip(dots, spread(dots), strict=True)]
    for one, other in combinations(placed, 2):
        assert math.hypot(one[0] - other[0], one[1] - other[1]) >= one[2] + other[2] - 1e-3


def test_dots_are_placed_by_accuracy_and_sized_by_cells():
    rows = [row("A", 0.8, n_cells=25), row("B", 0.9, n_cells=100), row("C", 1.0, n_cells=100)]
    dots = ET.fromstring(patient_dots(rows)).findall(".//circle")
    x = [float(dot.get("cx")) for dot in dots]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1])
    assert float(dots[1].get("r")) == pytest.approx(2 * float(dots[0].get("r")))
    assert dots[0].find("title").text.startswith("A: 80.0% of 25 cells, 5 false positives")


def test_controls_are_a_kind_of_their_own():
    chart = ET.fromstring(patient_dots([row("A", 0.9), row("B", 0.95, n_parasitized=0)]))
    assert len(chart.findall(".//circle[@class='patient control']")) == 1
    assert "controls: 1" in [text.text for text in chart.iter("text")]


@pytest.mark.parametrize("accuracy", [0.0, 0.5, 1.0])
def test_one_patient_is_drawn(accuracy):
    assert patient_dots([row("A", accuracy)]).count("<circle") == 1


def test_more_patients_than_can_be_told_apart_are_cut_and_it_says_so():
    rows = [row(str(i), 0.5 + i / 4000) for i in range(MOST_DOTS + 10)]
    chart = patient_dots(rows)
    assert chart.count("<circle") == MOST_DOTS
    assert f"{MOST_DOTS} lowest of {MOST_DOTS + 10}" in chart


@given(st.integers(1, 35), st.integers(0, 99))
def test_the_worst_tenth_is_the_one_whose_accuracy_is_reported(n_patients, seed):
    random = np.random.default_rng(seed)
    patients = np.repeat(np.arange(n_patients), random.integers(15, 40, n_patients))
    y_true = random.integers(0, 2, patients.size)
    y_prob = random.random(patients.size)
    worst = worst_tenth(patient_table(y_true, y_prob, patients))
    reported = worst_tenth_accuracy(y_true, y_prob, patients)
    if not worst:
        assert np.isnan(reported)
        return
    right = sum(member.accuracy * member.n_cells for member in worst)
    assert reported == pytest.approx(right / sum(member.n_cells for member in worst))
