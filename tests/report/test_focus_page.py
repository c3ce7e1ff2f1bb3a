import json
import re

import numpy as np
import pytest

from laveran.metrics import Figure
from laveran.report.focus_page import FocusMethod, FocusPage, FocusShare, StackExample, render

FIGURE = Figure(0.9, 0.8, 0.95)


def page(**changes):
    """A page with one stack of three planes; `changes` replace fields."""
    planes = np.random.default_rng(0).integers(1, 256, (3, 8, 8, 3), dtype=np.uint8)
    fields = {
        "synthetic": True,
        "optimistic": False,
        "protocol": "made up for tests",
        "planes": 3,
        "methods": [
            FocusMethod("the whole stack", "3-D convolutions", 1234, FIGURE, FIGURE, None, 12.0),
            FocusMethod(
                "one <plane>", "2-D convolutions", 1200, Figure(0.7), FIGURE, Figure(0.2, 0, 1), 3.0
            ),
        ],
        "shares": [FocusShare("are found", Figure(0.5, 0.4, 0.6), 77)],
        "examples": [StackExample("S001<b>", 1, planes, 1, 0, 1, {"the whole stack": 0.87})],
    }
    return FocusPage(**(fields | changes))


def test_every_figure_stands_on_the_page_with_its_interval():
    html = render(page())
    for written in ("90.0%", "80.0", "70.0%", "1,234", "50.0%", "77 stacks", "0.87"):
        assert written in html


def test_planes_say_what_is_in_focus_in_them():
    (film,) = re.findall(r'<div class="planes".*?</figure>', render(page()), re.DOTALL)
    planes = re.findall(r"<span>(.*?)</span>", film)
    assert planes == ["1<b>cell in focus</b>", "2<b>sharpest</b><b>parasites in focus</b>", "3"]
    assert film.count("data:image/jpeg") == 3


def test_names_cannot_smuggle_markup():
    html = render(page())
    assert "S001&lt;b&gt;" in html
    assert "one &lt;plane&gt;" in html


@pytest.mark.parametrize("field", ["synthetic", "optimistic"])
def test_what_must_be_marked_is_marked(field):
    word = f"<strong>{field.upper()}.</strong>"
    assert word in render(page(**{field: True}))
    assert word not in render(page(**{field: False}))


def test_without_a_known_focus_nothing_is_said_of_it():
    html = render(page(shares=[]))
    assert "Is the focus found?" not in html


def test_findings_stand_on_top():
    assert "a.tif is left out: cut off." in render(page(notes=["a.tif is left out: cut off"]))


def test_the_figures_survive_json():
    found = json.loads(json.dumps(page().to_json()))
    assert found["methods"][0]["whole_stack_minus_this"] is None
    assert found["methods"][1]["whole_stack_minus_this"]["value"] == 0.2
    assert found["focus"] == [
        {"what": "are found", "share": {"value": 0.5, "low": 0.4, "high": 0.6}, "stacks": 77}
    ]
