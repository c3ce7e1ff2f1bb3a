import numpy as np
import pytest

from laveran.metrics import evaluate
from laveran.report.search_charts import TrialRow, importance_bars, over_time, slice_of
from laveran.report.search_report import SearchReport, render


def row(number, value=0.9, state="complete", seconds=60.0, **params):
    return TrialRow(number, state, value, 3, 0.95, 0.02, seconds, params)


TRIALS = [
    row(0, 0.90, network="plain", learning_rate=1e-3, size_px=48),
    row(1, 0.80, "pruned", network="plain", learning_rate=1e-1, size_px=64),
    row(2, 0.99, network="<residual>", learning_rate=1e-2, size_px=64),
    row(3, None, "failed", network="plain", learning_rate=1e-2, size_px=64),
]


def report(**changes):
    labels = np.array([1, 0, 1, 0, 0, 0, 1])
    scores = np.array([0.9, 0.1, 0.8, 0.2, 0.6, 0.3, 0.4])
    settings = {
        "trials": TRIALS,
        "chosen": 2,
        "objective": "A trial's value is an area.",
        "protocol": "4 trials on 75 patients; 15 were locked away",
        "evaluation": evaluate(labels, scores, list("AABBCCD"), resamples=50),
        "locked_protocol": "One division, patients disjoint",
        "importances": {"network": 0.75, "size_px": 0.25},
        "recipe": 'name = "<searched>"',
        "notes": ["A finding."],
    }
    return SearchReport(**settings | changes)


def test_every_trial_is_in_the_table_and_the_chosen_one_is_marked(parse):
    page = parse(render(report()))
    assert "chosen" in page.text
    for value in ("0.9000", "0.8000", "0.9900"):
        assert value in page.text
    assert len(page.having("tr", class_="worst")) == 1


def test_names_and_notes_are_escaped(parse):
    html = render(report(notes=["<script>fail()</script>"]))
    assert "<script>fail" not in html
    assert "<residual>" in parse(html).text


def test_the_best_of_many_is_never_the_headline(parse):
    opened, closed = (parse(render(report(**change))) for change in ({}, {"evaluation": None}))
    assert "Accuracy on the locked patients" in opened.text
    assert "chosen as the best of many, so optimistic" in opened.text
    assert "nothing on this page is a figure to report" in " ".join(closed.text.split())
    assert "Accuracy on the locked patients" not in closed.text
    assert not closed.having("section", id="figures")


def test_too_few_trials_say_so(parse):
    page = parse(render(report(importances={}, trials=TRIALS[2:3])))
    assert "too few trials to say" in page.text
    assert "Importance of the settings" not in page.text


def test_synthetic_and_optimistic_are_said_first():
    html = render(report(synthetic=True, optimistic=True))
    assert "[synthetic cells, optimistic] Search for a recipe" in html


@pytest.fixture
def marks(parse):
    """The places of the trials of a drawing, by their read-out."""

    def read(drawing):
        page = parse(f"<main>{drawing}</main>")
        return [
            (float(mark["cx"]), float(mark["cy"]), mark["class"]) for mark in page.having("circle")
        ]

    return read


class TestOverTime:
    def test_trials_stand_where_they_ended_the_better_above(self, marks):
        places = marks(over_time(TRIALS))
        assert len(places) == 3  # one failed
        x, y = [place[0] for place in places], [place[1] for place in places]
        assert x == sorted(x)
        assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.1)
        assert y[2] < y[0] < y[1]
        assert [place[2] for place in places] == ["trial", "trial early", "trial"]

    def test_what_is_lacking_to_1_is_on_a_logarithmic_scale(self, marks):
        y = [place[1] for place in marks(over_time([row(0, 0.9), row(1, 0.99), row(2, 0.999)]))]
        assert y[0] - y[1] == pytest.approx(y[1] - y[2], abs=0.1)

    def test_the_line_goes_through_whole_trials_only(self, parse):
        better_but_pruned = [row(0, 0.9), row(1, 0.99, "pruned"), row(2, 0.95)]
        page = parse(f"<main>{over_time(better_but_pruned)}</main>")
        (line,) = page.having("polyline")
        heights = [float(point.split(",")[1]) for point in line["points"].split()]
        places = [float(mark["cy"]) for mark in page.having("circle")]
        assert min(heights) == pytest.approx(places[2], abs=0.1)

    @pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
    def test_one_trial_of_any_value_is_drawn(self, value, marks):
        assert len(marks(over_time([row(0, value, seconds=0.0)]))) == 1

    def test_nothing_to_draw(self):
        assert over_time([]) is None
        assert over_time(TRIALS[3:]) is None


class TestSlices:
    def test_numbers_far_apart_are_on_a_logarithmic_scale(self, marks):
        x = [place[0] for place in marks(slice_of("learning_rate", TRIALS))]
        assert x[1] - x[2] == pytest.approx(x[2] - x[0], abs=0.1)

    def test_names_stand_side_by_side(self, marks, parse):
        drawing = slice_of("network", TRIALS)
        x = [place[0] for place in marks(drawing)]
        assert x[0] == x[1] != x[2]
        assert "<residual>" in parse(f"<main>{drawing}</main>").text

    def test_what_all_chose_alike_or_none_chose_is_not_drawn(self):
        assert slice_of("network", TRIALS[:2]) is None
        assert slice_of("depth", TRIALS) is None


def test_bars_are_as_long_as_the_settings_are_important(parse):
    page = parse(f"<main>{importance_bars({'network': 0.75, 'size_px': 0.25})}</main>")
    widths = [float(bar["width"]) for bar in page.having("rect")]
    assert widths[0] == pytest.approx(3 * widths[1], rel=1e-3)
    assert "75.0%" in page.text
    assert importance_bars({}) is None
