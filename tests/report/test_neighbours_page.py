"""The page of a cell's neighbours."""

import numpy as np
import pytest

from laveran.report.neighbours_page import NeighbourCard, NeighboursPage, render, summary
from laveran.report.page import policy

PICTURE = np.zeros((12, 12, 3), np.uint8)


def card(name, label="parasitized", same=False, distance=0.25):
    return NeighbourCard(name, PICTURE, label, "P1", 0.75, distance, same)


@pytest.fixture(scope="module")
def html():
    return render(
        NeighboursPage(
            name="asked.png",
            data="cells.zip",
            metric="cosine",
            searched=12586,
            notes=["A finding that must be seen."],
            cell=NeighbourCard("<b>asked.png", PICTURE, "", "", 0.5),
            neighbours=[card("a.png", same=True), card("b.png", "uninfected", distance=0.5)],
        )
    )


def test_all_that_is_known_is_shown(html, parse):
    page = parse(html)
    assert [image["alt"] for image in page.having("img")] == [
        "The cell <b>asked.png", "The cell a.png", "The cell b.png",
    ]  # fmt: skip
    for text in ("12,586", "A finding", "1. at 0.25", "2. at 0.5", "labelled uninfected", "exact"):
        assert text in page.text
    assert page.text.count("same patient") == 2  # in the summary, and at the one
    assert page.text.count("patient unknown") == 1


def test_no_script_runs(html, parse):
    (said,) = parse(html).having("meta", http_equiv="Content-Security-Policy")
    assert said["content"] == policy("")


@pytest.mark.parametrize(
    ("cards", "said"),
    [
        ([card("a"), card("b", "uninfected", same=True), card("c")],
         "Of the 3 nearest 2 are labelled parasitized and 1 is of the same patient."),
        ([card("a", "", same=True)], "Of the 1 nearest 1 is of the same patient."),
        ([card("a", "uninfected", same=None)], "Of the 1 nearest 0 are labelled parasitized."),
        ([card("a", "", same=None)], "Neither labels nor patients of the nearest are known."),
    ],
)  # fmt: skip
def test_the_summary_counts(cards, said):
    assert summary(cards) == said
