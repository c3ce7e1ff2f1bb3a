"""What a notebook shows: charts as pictures of their own, cells with captions, tables."""

import base64
import re

import cv2
import numpy as np
import pytest

from laveran.metrics import Figure
from laveran.report.inline import cards, charts, strips, table
from laveran.report.roc import roc
from laveran.report.svg import line, picture


def drawings(html):
    """The charts in `html`, as SVG files."""
    found = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", html)
    return [base64.b64decode(each).decode() for each in found]


def test_a_chart_is_a_picture_that_needs_nothing(parse):
    chart = roc([0, 1, 0, 1], [0.1, 0.9, 0.6, 0.4])
    shown = charts(chart, width_px=200)
    (image,) = parse(shown).having("img")
    assert image["width"] == "200"
    assert image["alt"].startswith("ROC curve.")
    (drawing,) = drawings(shown)
    assert drawing.startswith("<svg ")
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawing
    assert drawing.count("http") == 1
    assert chart.partition(">")[2] in drawing
    style = re.search(r"<style>(.*)</style>", drawing, re.DOTALL)[1]
    assert set(re.findall(r"var\((--[\w-]+)\)", style)) <= set(re.findall(r"(--[\w-]+):", style))
    assert ".roc" in style
    assert "prefers-color-scheme" not in style


def test_charts_stand_in_order_and_those_that_are_missing_are_left_out():
    first, second = (picture(line(0, 0, 9, 9, "axis"), width=9, height=9, label=n) for n in "ab")
    assert re.findall('alt="(.)"', charts(first, None, second)) == ["a", "b"]
    assert charts(None) == ""


def test_a_notebook_shows_what_it_means():
    assert table(["a"], [[1]])._repr_html_() == str(table(["a"], [[1]]))
    assert type(table(["a"], [[1]])._repr_html_()) is str


def test_cells_come_with_their_captions(parse):
    red = np.full((6, 4, 3), [200, 30, 30], np.uint8)
    page = parse(cards([("p < 0.5\nC1", [red, red]), ("", [red])]))
    images = page.having("img")
    assert len(images) == 3
    assert len(page.having("div")) == 2
    assert page.text.replace("\n", "") == "p < 0.5C1"
    data = base64.b64decode(images[0]["src"].removeprefix("data:image/jpeg;base64,"))
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded.shape == red.shape
    assert np.abs(decoded.astype(int) - red).max() < 8


def test_a_table_escapes_text_and_keeps_drawings(parse):
    chart = charts(picture(line(0, 0, 9, 9, "axis"), width=9, height=9, label="a"))
    page = parse(table(["run", chart], [["<b>", chart], ["b", 1.5]]))
    assert page.having("b") == []
    assert len(page.having("img")) == 2
    assert len(page.having("tr")) == 3
    assert "<b>" in page.text
    assert "1.5" in page.text


def test_strips_share_an_axis():
    figures = [Figure(0.95, 0.92, 0.97), Figure(None), Figure(0.9)]
    axis, rows = strips(figures)
    (head,) = drawings(axis)
    assert {"90%", "95%"} <= set(re.findall(r">(\d+%)<", head))
    assert len(rows) == 3
    assert rows[1] == ""
    marks = [re.search(r'class="value-mark"', drawings(row)[0]) for row in (rows[0], rows[2])]
    assert all(marks)
    assert ("interval" in drawings(rows[2])[0].partition("</style>")[2]) is False


@pytest.mark.parametrize("figures", [[], [Figure(None)]])
def test_strips_without_any_figure_are_empty(figures):
    assert strips(figures) == ("", [""] * len(figures))
