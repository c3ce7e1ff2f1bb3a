"""The page and the chart of a comparison: the best first, each method in its kind's section."""

import re

import numpy as np
import pytest

from browser import browsing
from laveran.metrics import Figure
from laveran.report.pictures import data_uri
from laveran.report.represent_chart import KINDS, STYLE, MethodRow, accuracy_chart, best_first
from laveran.report.represent_page import MethodSights, RepresentReport, leaders, render
from laveran.report.standalone import standing_alone

METHODS = {"sift": ("handcrafted", 0.86), "pca": ("unsupervised", 0.7), "cnn": ("supervised", 0.95)}


def row(name, kind, value):
    spread = Figure(value, value - 0.04, value + 0.03)
    behind = Figure(0.95 - value, 0.95 - value - 0.02, 0.95 - value + 0.02)
    return MethodRow(
        name, f"<{name}>", kind, 1280, spread, Figure(value + 0.02), Figure(value - 0.1),
        Figure(0.0) if name == "cnn" else behind, 0.01, 3.25,
    )  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    return [row(name, *rest) for name, rest in METHODS.items()]


@pytest.fixture(scope="module")
def page(rows):
    shown = ("What <it> sees.", data_uri(np.full((40, 900, 3), 90, np.uint8)))
    methods = [MethodSights(each, "An idea.", "Somebody 1999", [shown], shown) for each in rows]
    return render(RepresentReport(methods, "All alike.", 2000, ["a note"], synthetic=True))


def test_the_best_is_first_and_each_kind_has_its_leader(rows):
    assert [each.name for each in best_first(rows)] == ["cnn", "sift", "pca"]
    assert {kind: best.name for kind, best in leaders(rows).items()} == {
        "handcrafted": "sift", "unsupervised": "pca", "supervised": "cnn",
    }  # fmt: skip


def test_the_chart_draws_every_method_where_it_is(rows):
    drawing = accuracy_chart(rows)
    titles = re.findall(r'class="key"[^>]*>([^<]*)<', drawing)
    assert titles == ["&lt;cnn&gt;", "&lt;sift&gt;", "&lt;pca&gt;"]
    assert "from &lt;pca&gt;, 70.0%, to &lt;cnn&gt;, 95.0%" in drawing
    circles = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"[^>]*symbol', drawing)]
    assert len(circles) == 4  # two of the key, pca and cnn
    assert drawing.count('class="neighbour"') == 4
    ends = re.findall(r'x1="([\d.]+)"[^>]*x2="([\d.]+)"[^>]*class="spread', drawing)
    assert all(float(low) < float(high) for low, high in ends)
    assert len(ends) == 3


def test_the_picture_alone_has_its_styles(rows):
    drawing = standing_alone(accuracy_chart(rows), STYLE)
    assert ".symbol.supervised" in drawing
    assert 'xmlns="http://www.w3.org/2000/svg"' in drawing[:200]


def test_a_single_method_without_an_interval_can_be_drawn():
    alone = MethodRow(
        "pca", "PCA", "unsupervised", 2, Figure(1.0), Figure(None), Figure(1.0), Figure(0.0), 1, 0.1
    )
    assert "100%" in accuracy_chart([alone])
    page = render(RepresentReport([MethodSights(alone, "", "", [], ("", ""))], "", 9))
    assert "By hand" not in page


def test_csv_and_json_hold_the_figures(rows):
    assert rows[0].to_csv() == ("sift", 1280, 0.86, 0.82, 0.89, 0.76, 3.25)
    assert rows[0].to_json()["accuracy"] == {"value": 0.86, "low": 0.82, "high": 0.89}


def test_the_page_has_a_section_a_kind_and_escapes_what_it_is_given(page):
    assert "What &lt;it&gt; sees." in page
    assert "<it>" not in page
    assert "<sift>" not in page
    assert "Synthetic cells." in page
    sections = re.findall(r'<section id="(\w+)"', page)
    assert sections == ["order", "why", "handcrafted", "unsupervised", "supervised"]
    assert set(sections[2:]) < set(KINDS)


@pytest.mark.slow
def test_in_a_browser_it_is_quiet_sorts_and_fits_a_phone(page, tmp_path):
    (tmp_path / "page.html").write_text(page)
    with browsing(tmp_path / "profile") as tab:
        tab.open((tmp_path / "page.html").as_uri())
        assert tab.complaints == []
        assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []
        names = '[...document.querySelectorAll("table tbody th")].map((name) => name.innerText)'
        assert tab.run(names) == ["<cnn>", "<sift>", "<pca>"]
        tab.run('document.querySelectorAll("table th button")[1].click()')
        assert tab.run(names) == ["<pca>", "<sift>", "<cnn>"]
        tab.send(
            "Emulation.setDeviceMetricsOverride",
            width=360, height=800, deviceScaleFactor=1, mobile=True,
        )  # fmt: skip
        assert tab.run("document.documentElement.scrollWidth") <= 360
