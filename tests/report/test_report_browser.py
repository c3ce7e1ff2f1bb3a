"""The page of a run in a real browser: offline, without errors, and its script at work."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from itertools import count
from select import select

import pytest

from laveran import report as pages

SETTINGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-pipe",
]  # fmt: skip
WATCHED = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
CELLS_OF_COLUMN = """
    [...document.querySelectorAll("table.patients tbody tr")].map((row) => row.cells[{}].innerText)
"""
CLICK_HEADING = 'document.querySelectorAll("table.patients th button")[{}].click()'
SHOWN = '[...document.querySelectorAll(".card")].filter((card) => card.offsetParent).length'


def chromium() -> str:
    """The browser; where there is none the test is skipped, but not in CI."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("in CI a chromium must be there: apt-get install chromium")
    return found or pytest.skip("no chromium here (apt-get install chromium)")


class Tab:
    """One page in the browser, driven by the DevTools protocol over two pipes."""

    def __init__(self, commands, answers) -> None:
        self.commands, self.answers = commands, answers
        self.numbers = count(1)
        self.session, self.received = None, b""
        self.complaints, self.requests, self.loaded = [], [], False

    def send(self, method, **params):
        """Send one command and wait for its answer; note what happens meanwhile."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while (answer := self.receive()).get("id") != number:
            pass
        assert "error" not in answer, answer
        return answer["result"]

    def receive(self):
        """The next message."""
        while b"\0" not in self.received:
            assert select([self.answers], [], [], 60)[0], "the browser says nothing for a minute"
            data = os.read(self.answers, 1 << 16)
            assert data, "the browser has gone"
            self.received += data
        whole, _, self.received = self.received.partition(b"\0")
        message = json.loads(whole)
        if message.get("method") in WATCHED:
            self.complaints.append(message["params"])
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        self.loaded |= message.get("method") == "Page.loadEventFired"
        return message

    def open(self, url) -> None:
        """Load a page in a tab of its own that has no network."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.send(f"{domain}.enable")
        self.send(
            "Network.emulateNetworkConditions",
            offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1,
        )  # fmt: skip
        self.send("Page.navigate", url=url)
        while not self.loaded:
            self.receive()

    def run(self, script):
        """The value of a JavaScript expression, awaited."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")


@contextmanager
def browsing(profile):
    """A browser with a profile of its own, ended at the end."""
    from_us, commands = os.pipe()
    answers, to_us = os.pipe()
    start = f'exec "$@" 3<&{from_us} 4>&{to_us}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", start, "browser", chromium(), *SETTINGS, f"--user-data-dir={profile}"],
        pass_fds=(from_us, to_us),
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us)
    os.close(to_us)
    try:
        tab = Tab(commands, answers)
        yield tab
        tab.session = None
        tab.send("Browser.close")
        process.wait(timeout=20)
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)


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
