"""The page of a run in a real browser: offline, without errors, and its script at work."""

import pytest

from browser import browsing
from laveran import report as pages

CELLS_OF_COLUMN = """
    [...document.querySelectorAll("table.patients tbody tr")].map((row) => row.cells[{}].innerText)
"""
CLICK_HEADING = 'document.querySelectorAll("table.patients th button")[{}].click()'
SHOWN = '[...document.querySelectorAll(".card")].filter((card) => card.offsetParent).length'


@pytest.fixture(scope="module")
def report(make_report):
    hostile = make_report()
    names = [f"<img src=x onerror=fail()>{name}" for name in hostile.names]
    return make_report(names=names, title="<script>fail()</script>", synthetic=True)


@pytest.fixture(scope="module")
def tab(report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    pages.write(report, folder / "report.html")
    with browsing(folder / "profile") as opened:
        opened.open((folder / "report.html").as_uri())
        yield opened


@pytest.mark.slow
def test_the_page_loads_without_a_complaint_or_a_request(tab):
    assert "fail()" in tab.run("document.querySelector('h1').innerText")
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.slow
def test_a_click_on_a_heading_sorts_the_patients(tab):
    first = tab.run(CELLS_OF_COLUMN.format(1))
    accuracies = [float(cell.rstrip("%")) for cell in first]
    assert accuracies == sorted(accuracies)
    tab.run(CLICK_HEADING.format(1))
    assert tab.run(CELLS_OF_COLUMN.format(1))[0] == first[-1]
    tab.run(CLICK_HEADING.format(0))
    names = tab.run(CELLS_OF_COLUMN.format(0))
    assert names == sorted(names)
    state = "document.querySelectorAll('table.patients th')[{}].getAttribute('aria-sort')"
    assert [tab.run(state.format(i)) for i in (0, 1)] == ["ascending", None]


@pytest.mark.slow
def test_counts_are_sorted_as_numbers(tab):
    tab.run(CLICK_HEADING.format(5))
    found = [int(cell) for cell in tab.run(CELLS_OF_COLUMN.format(5))]
    assert found == sorted(found)
    assert len(found) == 20


@pytest.mark.slow
def test_numbers_are_sorted_as_numbers_with_what_is_not_known_last(tab):
    tab.run(
        "document.body.insertAdjacentHTML('beforeend', '<table id=rates class=sortable><thead><tr>"
        "<th>rate</th></tr></thead><tbody>' + ['0.00123', '', '3.05e-05', '0.0117'].map("
        "(rate) => `<tr><td>${rate}</td></tr>`).join('') + '</tbody></table>');"
        "sortable(document.getElementById('rates'))"
    )
    read = "[...document.querySelectorAll('#rates td')].map((cell) => cell.innerText)"
    for expected in (["3.05e-05", "0.00123", "0.0117", ""], ["0.0117", "0.00123", "3.05e-05", ""]):
        tab.run("document.querySelector('#rates button').click()")
        assert tab.run(read) == expected
    tab.run("document.getElementById('rates').remove()")


@pytest.mark.slow
def test_mistakes_are_filtered_by_kind(tab, report):
    positives = sum(not each.label for each in report.mistakes)
    button = "document.querySelector('.filter button[data-kind=\"{}\"]').click()"
    assert tab.run(SHOWN) == len(report.mistakes)
    tab.run(button.format("false-positive"))
    assert tab.run(SHOWN) == positives
    tab.run(button.format("false-negative"))
    assert tab.run(SHOWN) == len(report.mistakes) - positives
    tab.run(button.format(""))
    assert tab.run(SHOWN) == len(report.mistakes)


@pytest.mark.slow
def test_a_mark_under_the_pointer_is_read_out(tab):
    tab.run(
        "document.querySelector('.patient').scrollIntoView({behavior: 'instant', block: 'center'})"
    )
    tab.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    place = tab.run(
        "(({x, y, width}) => [x + width / 2, y + width / 2])"
        "(document.querySelector('.patient').getBoundingClientRect())"
    )
    tab.send("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    assert "% of 20 cells" in tab.run("document.querySelector('.reading').innerText")
    assert tab.run("document.querySelector('.reading').hidden") is False


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_the_page_never_scrolls_sideways(tab, width):
    tab.send(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    assert tab.run("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
def test_nothing_complained_on_the_way(tab):
    assert tab.complaints == []
