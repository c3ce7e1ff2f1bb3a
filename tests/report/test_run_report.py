"""The page of a run: whole, self-contained, safe, and with every figure."""

import re
import time

import numpy as np
import pytest

from laveran import report as pages
from laveran.cells.skipped import Skipped
from laveran.errors import DataError
from laveran.metrics import evaluate
from laveran.report import Example
from laveran.report.formats import share
from laveran.report.page import policy
from laveran.report.run_report import MOST_LISTED

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&amp;{{ 7 * 7 }}"
SECTIONS = ["figures", "learning", "calls", "patients", "mistakes", "data", "recipe", "reading"]


@pytest.fixture(scope="module")
def html(make_report):
    return pages.render(make_report())


@pytest.fixture(scope="module")
def page(html, parse):
    return parse(html)


def test_the_page_is_properly_nested_and_has_all_sections(page):
    assert [found["id"] for found in page.having("section") if "id" in found] == SECTIONS
    targets = {found["href"] for found in page.having("a")}
    ids = {found["id"] for _, found in page.elements if "id" in found}
    assert targets <= {f"#{each}" for each in ids}


def test_nothing_comes_from_outside(html, page):
    for _, found in page.elements:
        for name in ("src", "href", "action", "srcset", "poster", "data"):
            assert found.get(name, "#").startswith(("#", "data:image/"))
    assert not page.having("link")
    assert "url(" not in html
    assert "@import" not in html
    assert not re.search(r"https?://", html)


def test_the_policy_allows_our_script_alone(html, page):
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    (meta,) = page.having("meta", http_equiv="Content-Security-Policy")
    assert meta["content"] == policy(script)
    assert "default-src 'none'" in meta["content"]
    assert not any(name.startswith("on") for _, found in page.elements for name in found)


def test_every_figure_is_shown_with_its_interval(make_report, page):
    evaluation = make_report().evaluation
    assert share(evaluation.accuracy.value) in page.text
    for name, figure in evaluation.to_json().items():
        if isinstance(figure, dict):
            assert page.having("tr", data_figure=name)
    low, high = evaluation.sensitivity.low, evaluation.sensitivity.high
    assert f"{share(low)} to {share(high)}" in page.text


def test_every_chart_says_what_it_shows(page):
    charts = page.having("svg", class_="chart")
    assert len(charts) > 15
    assert all(found.get("aria-label") or found.get("aria-hidden") for found in charts)
    assert all(found.get("alt") for found in page.having("img"))


def test_every_patient_has_a_row_and_controls_are_marked(make_report, html):
    for patient in set(make_report().patients):
        assert f'<th scope="row">{patient}' in html
    assert html.count('class="tag quiet">control<') == 5


def test_mistakes_are_shown_with_their_evidence(make_report, page):
    report = make_report()
    assert len(page.having("figure", class_="card")) == len(report.mistakes)
    assert len(page.having("img")) == 2 * len(report.mistakes) + 1
    assert all(mistake.name in page.text for mistake in report.mistakes)


def test_recipe_versions_data_and_what_was_skipped_are_shown(page):
    for text in ('name = "fast"', "0.1.0", "12,586", "Thumbs.db", "empty (0 bytes)", "Left out: 2"):
        assert text in page.text


def test_it_says_that_it_is_no_medical_device(page):
    assert "not a medical device" in page.text


def test_banners_are_shown_when_due_and_only_then(make_report, parse, page):
    assert not page.having("div", class_="warning")
    doubtful = parse(pages.render(make_report(synthetic=True, optimistic=True)))
    assert len(doubtful.having("div", class_="warning")) == 2
    assert "[synthetic cells, optimistic] A made-up run" in doubtful.text
    assert "No figure on this page says anything about real blood" in doubtful.text


def test_notes_are_shown_before_the_headline(page):
    assert page.text.index("A finding that must be seen") < page.text.index("95% interval")


def test_hostile_names_do_no_harm(make_report, parse):
    plain = make_report()
    n = len(plain.names)
    hostile = make_report(
        title=HOSTILE, protocol=HOSTILE, notes=[HOSTILE], operating_point=HOSTILE,
        names=[f"{HOSTILE}{i}" for i in range(n)],
        patients=[f"{HOSTILE}{patient}" for patient in plain.patients],
        mistakes=[Example(HOSTILE, HOSTILE, 0, 0.9, np.zeros((9, 9, 3), np.uint8))],
        data={HOSTILE: HOSTILE}, skipped=[Skipped(HOSTILE, HOSTILE)],
        recipe=HOSTILE, versions={HOSTILE: HOSTILE},
    )  # fmt: skip
    html = pages.render(hostile)
    page = parse(html)
    assert html.count("<script>") == 1
    assert page.text.count(HOSTILE) > 10
    assert [found["src"][:11] for found in page.having("img")] == ["data:image/"]


@pytest.mark.parametrize("label", [0, 1])
def test_cells_of_one_class_are_reported(make_report, parse, label):
    y_true, y_prob = np.full(60, label), np.linspace(0, 1, 60)
    patients = [f"P{i % 3}" for i in range(60)]
    evaluation = evaluate(y_true, y_prob, patients, resamples=10)
    page = parse(
        pages.render(
            make_report(y_true=y_true, y_prob=y_prob, patients=patients, names=patients,
                        evaluation=evaluation)
        )
    )  # fmt: skip
    assert "needs cells of both classes" in page.text
    assert not any("ROC" in found["aria-label"] for found in page.having("svg", role="img"))


def test_where_nothing_tells_the_patients_it_says_so(make_report, parse):
    plain = make_report()
    evaluation = evaluate(plain.y_true, plain.y_prob, plain.names, unit="cell", resamples=10)
    page = parse(pages.render(make_report(evaluation=evaluation, patients=plain.names)))
    assert "Nothing tells whose cells these are" in page.text
    assert "the intervals are too narrow" in page.text
    assert not page.having("table", class_="patients")


def test_the_least_that_can_be_reported(make_report, parse):
    page = parse(
        pages.render(
            make_report(
                evaluation=evaluate([0, 1], [0.1, 0.9], ["A", "B"], resamples=0),
                names=["a", "b"], patients=["A", "B"], y_true=np.array([0, 1]),
                y_prob=np.array([0.1, 0.9]), notes=[], history=[], mistakes=[], data={},
                skipped=[], recipe="", versions={},
            )
        )
    )  # fmt: skip
    assert "no interval" in page.text
    assert "No cell is called wrongly" in page.text
    assert "Nothing was left out" in page.text
    assert "learning" not in [found.get("id") for found in page.having("section")]


def test_examples_without_evidence_are_shown_alone(make_report, parse):
    report = make_report()
    plain = [
        Example(each.name, each.patient, each.label, each.probability, each.image)
        for each in report.mistakes
    ]
    page = parse(pages.render(make_report(mistakes=plain)))
    assert len(page.having("img")) == len(plain)
    assert "what the network saw" not in page.text


def test_mistakes_without_pictures_are_counted(make_report, parse):
    page = parse(pages.render(make_report(mistakes=[])))
    assert "no pictures of them were kept" in page.text


def test_another_threshold_is_the_operating_point(make_report, parse):
    text = parse(pages.render(make_report(threshold=0.83, operating_point="specificity=0.99"))).text
    assert "“specificity=0.99” (threshold 0.830)" in text


def test_long_lists_are_folded_and_cut(make_report, parse):
    skipped = [Skipped(f"file{i}.png", "not a picture") for i in range(3000)]
    page = parse(pages.render(make_report(skipped=skipped)))
    assert "Left out: 3,000" in page.text
    assert "The first 1,000 by name" in page.text
    assert f"file{MOST_LISTED - 1}.png" in page.text
    assert f"file{MOST_LISTED}.png" not in page.text


def test_lengths_that_differ_are_refused(make_report):
    with pytest.raises(DataError, match="1 names, 400 patients"):
        make_report(names=["a"])


def test_the_file_holds_the_page(make_report, tmp_path):
    report = make_report()
    pages.write(report, tmp_path / "runs" / "report.html")
    assert (tmp_path / "runs" / "report.html").read_text(encoding="utf-8") == pages.render(report)


def test_the_page_of_a_full_size_run_is_small_and_soon_made(make_report):
    report = make_report(n_cells=12_586, n_patients=90)
    report = make_report(n_cells=12_586, n_patients=90, mistakes=report.mistakes[:60])
    began = time.perf_counter()
    html = pages.render(report)
    assert time.perf_counter() - began < 5
    assert len(html.encode()) < 3_000_000


def test_reliability_on_cells_read_again_is_shown_where_there_are_any(make_report):
    plain = make_report()
    assert "cells read again" not in pages.render(plain)
    reread = {plain.names[0]: 1, plain.names[1]: 0, "of another fold": 1}
    html = pages.render(make_report(reread=reread))
    assert "Reliability on cells read again" in html
    assert "Reliability diagram of 2 cells in 5 bins" in html
