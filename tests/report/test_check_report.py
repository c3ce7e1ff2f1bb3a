"""The page of a check: what it shows, and that names are only text."""

import numpy as np
import pytest

from laveran.cells.skipped import Skipped
from laveran.metrics import Figure
from laveran.report import Example
from laveran.report.check_report import (
    CheckReport,
    LeakRow,
    ProbeRow,
    SplitSection,
    SuspectSection,
    TwinCell,
    TwinPair,
    render,
)

DOT = "data:image/png;base64,"


@pytest.fixture
def make_check():
    """Builds reports; keywords replace what a quiet check has."""

    def make(**changes):
        quiet = {
            "data": "cells.zip",
            "alarms": (),
            "notes": (),
            "summary": {"cells": 1200, "width, px": "40 to 90, median 60"},
            "skipped": (),
            "twins": (),
            "n_twins": 0,
            "unit": "patient",
        }
        return CheckReport(**quiet | changes)

    return make


def example(label, name="a.png"):
    image = np.full((20, 20, 3), 90, np.uint8)
    evidence = np.ones((4, 4), np.float32)
    return Example(name, "P1", label, 0.01 if label else 0.99, image, evidence)


def test_a_quiet_check_says_so(make_check, parse):
    page = parse(render(make_check()))
    assert "1,200" in page.text
    assert "No two cells are near-duplicates" in page.text
    assert "No split was given" in page.text
    assert "Shortcuts were not probed" in page.text
    assert "Suspected label errors" not in page.text
    assert page.having("div", class_="warning") == []


def test_alarms_come_first_and_everything_is_listed(make_check, parse):
    first, second = (TwinCell(name, "P1", "labelled parasitized", DOT) for name in "ab")
    page = parse(
        render(
            make_check(
                alarms=["2 patients on more than one side"],
                notes=["a note"],
                skipped=[Skipped("x.png", "empty (0 bytes)")] * 3,
                twins=[TwinPair(first, second, 0.0312, "two labels")],
                n_twins=7,
                splits=[SplitSection("l.csv", {"": 1, "train": 3}, [LeakRow("P7", "train 1")], 2)],
                probes=[ProbeRow("size", Figure(0.6, 0.5, 0.7), Figure(0.61, 0.55, 0.66))],
                majority=0.52,
                suspects=SuspectSection("first", 900, 3, 1, [example(1), example(0)]),
            )
        )
    )
    text = " ".join(page.text.split())
    for said in (
        "2 patients on more than one side.",
        "3 \N{MULTIPLICATION SIGN} empty (0 bytes)",
        "distance 0.031",
        "two labels",
        "anew: 7; shown are 1",
        "in no part 1, train 3 cells. Patients on more than one side: 1. Pairs of near-duplicates",
        "60.0%50.0% to 70.0%0.6100.550 to 0.660",
        "always the larger class52.0%",
        "the 1 worst of 3",
        "Labelled uninfected, looks parasitized",
    ):
        assert said in text, said
    assert len(page.having("img", alt="The evidence in it")) == 2


def test_names_are_text_whatever_they_hold(make_check, parse):
    evil = "<script>fail()</script>"
    cell = TwinCell(evil, evil, evil, DOT)
    html = render(
        make_check(
            data=evil,
            alarms=[evil],
            notes=[evil],
            skipped=[Skipped(evil, evil)],
            twins=[TwinPair(cell, cell, 0, evil)],
            n_twins=1,
            suspects=SuspectSection(evil, 1, 1, 0, [example(1, evil)]),
        )
    )
    assert "<script>fail" not in html
    assert parse(html).text.count("fail()") >= 8
