"""The table and the picture say what the scores say."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from accuracy.chart import drawing
from accuracy.method import Facts
from accuracy.outcome import Scored, markdown, size

FACTS = Facts(parameters=1234, file_bytes=378_756, note="a note")


@pytest.fixture
def outcomes():
    """A method that is right about all cells but one, and one that calls everything parasitized."""
    rng = np.random.default_rng(0)
    patients = np.repeat([f"P{number}" for number in range(10)], 10)
    y_true = np.where(np.arange(100) < 60, rng.integers(0, 2, 100), 0)  # four controls
    good = y_true * 0.8 + 0.1
    good[-1] = 0.9
    scored = Scored(y_true, patients)
    named = ("good", FACTS)
    return [
        scored.outcome(*named, good, good > 0.3, None, ours=True, cells_per_second=3000.0),
        scored.outcome(
            "blunt",
            FACTS,
            np.full(100, 0.9),
            np.ones(100, dtype=bool),
            ("good", good > 0.3),
            ours=False,
            cells_per_second=40.0,
        ),
    ]


def row(table, name):
    line = next(line for line in table.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_a_row_holds_the_figures(outcomes):
    table = markdown(outcomes, "heading", ["all alike"])
    accuracy, behind, *others = row(table, "good")
    assert accuracy.startswith("99.0% (")
    assert behind == ""
    assert others[-3:] == ["1,234", "0.38 MB", "3,000"]
    assert others[3].startswith("2.5% (")  # one of 40 cells of controls
    assert table.startswith("heading\n")
    assert table.endswith("- all alike\n")


def test_a_rival_is_compared_with_the_first(outcomes):
    parasitized = outcomes[1].evaluation.accuracy.value
    behind = row(markdown(outcomes, "", []), "blunt")[1]
    assert behind.startswith(f"{99 - 100 * parasitized:.1f} (")
    assert list(outcomes[1].to_json()["accuracy_behind"]) == ["good"]


def test_every_column_has_its_figure(outcomes):
    lines = markdown(outcomes, "", []).splitlines()
    columns = {line.count("|") for line in lines if line.startswith("|")}
    assert len(columns) == 1


def test_without_a_speed_its_place_is_empty(outcomes):
    unmeasured = [replace(each, cells_per_second=None) for each in outcomes]
    assert row(markdown(unmeasured, "", []), "good")[-1] == ""
    assert "cells a second" not in drawing(unmeasured)


def test_the_picture_is_svg_with_all_figures(outcomes):
    root = ET.fromstring(drawing(outcomes))
    words = ["".join(each.itertext()) for each in root.iter() if each.tag.endswith("}text")]
    assert {"good", "blunt", "99.0%", "2.5%", "3,000", "40", "accuracy"} <= set(words)


@pytest.mark.parametrize(("n_bytes", "shown"), [(378_756, "0.38 MB"), (44_800_000, "44.8 MB")])
def test_sizes(n_bytes, shown):
    assert size(n_bytes) == shown
