"""The page for blind reading: its frame, and its script in a real browser."""

import re

import numpy as np
import pytest

from browser import browsing
from laveran.errors import DataError
from laveran.report.page import policy
from laveran.report.reread_page import render

IDS = [f"ab12cd-{number}" for number in range(1, 5)]


def cells():
    draw = np.random.default_rng(0)
    return [(name, draw.integers(0, 256, (30, 40, 3), dtype=np.uint8)) for name in IDS]


@pytest.fixture(scope="module")
def html():
    return render(cells())


def test_the_page_is_whole_and_lets_only_its_own_script_run(html, parse):
    page = parse(html)
    assert [found["data-id"] for found in page.having("li") if "data-id" in found] == IDS
    script = re.search(r"<script>(.*)</script>", html, re.DOTALL)[1]
    (said,) = page.having("meta", http_equiv="Content-Security-Policy")
    assert said["content"] == policy(script)
    assert "</" not in script
    assert not re.search(r"(src|href)=\"(?!data:|#)", html)


def test_a_page_needs_a_cell():
    with pytest.raises(DataError, match="at least one cell"):
        render([])


PRESS = 'document.dispatchEvent(new KeyboardEvent("keydown", {{key: "{}"}}))'
COUNT = 'document.getElementById("count").textContent'
SAVED = 'decodeURIComponent(document.getElementById("save").href)'
SHOWN = """
    [...document.querySelectorAll("[data-id]")]
        .filter((cell) => cell.offsetParent).map((cell) => cell.dataset.id)
"""
LOAD = """
    (async () => {{
        const files = new DataTransfer();
        files.items.add(new File([{!r}], "r.csv"));
        const input = document.getElementById("load");
        input.files = files.files;
        input.dispatchEvent(new Event("change"));
        await new Promise((done) => setTimeout(done, 100));
        return document.getElementById("message").textContent;
    }})()
"""


@pytest.fixture
def tab(html, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(html, encoding="utf-8")
    with browsing(tmp_path / "profile") as opened:
        opened.open(page.as_uri())
        yield opened


def rows(tab):
    """What would be saved, without the header."""
    header, *lines = tab.run(SAVED).partition(",")[2].splitlines()
    assert header == "id,reading"
    return lines


@pytest.mark.slow
def test_cells_are_read_one_by_one_with_three_keys(tab):
    assert tab.run(SHOWN) == IDS[:1]
    for key in "pNu":
        tab.run(PRESS.format(key))
    assert tab.run(SHOWN) == IDS[3:]
    assert tab.run(COUNT) == "3 of 4 read"
    assert rows(tab) == [f"{IDS[0]},parasite", f"{IDS[1]},none", f"{IDS[2]},unsure"]
    tab.run(PRESS.format("Backspace"))
    assert tab.run(SHOWN) == IDS[2:3]
    tab.run(PRESS.format("x"))
    tab.run("document.querySelector('[data-reading=\"none\"]').click()")
    tab.run(PRESS.format("p"))
    assert tab.run(SHOWN) == []
    assert tab.run('document.getElementById("done").offsetParent !== null')
    tab.run(PRESS.format("p"))
    assert rows(tab)[2:] == [f"{IDS[2]},none", f"{IDS[3]},parasite"]
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.slow
def test_readings_outlive_the_page_and_undo_does_too(tab):
    for key in "pn":
        tab.run(PRESS.format(key))
    tab.loaded = False
    tab.send("Page.reload")
    while not tab.loaded:
        tab.receive()
    assert tab.run(SHOWN) == IDS[2:3]
    tab.run(PRESS.format("Backspace"))
    assert rows(tab) == [f"{IDS[0]},parasite"]


@pytest.mark.slow
def test_saved_readings_can_be_loaded_to_go_on(tab):
    tab.run(PRESS.format("u"))
    table = f"id,reading\r\n{IDS[0]},none\r\n{IDS[2]},parasite\r\nff-1,none\r\n{IDS[1]},maybe\r\n"
    assert tab.run(LOAD.format(table)) == "2 readings loaded from r.csv."
    assert rows(tab) == [f"{IDS[0]},none", f"{IDS[2]},parasite"]
    assert tab.run(SHOWN) == IDS[1:2]
    assert "no reading of this page" in tab.run(LOAD.format("id,reading\nff-1,none\n"))
    assert tab.complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_never_scrolls_sideways(tab, width):
    tab.send(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    assert tab.run("document.documentElement.scrollWidth") <= width
