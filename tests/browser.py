"""A real browser for pages: headless, offline, driven by the DevTools protocol over two pipes."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from itertools import count
from select import select

import pytest

SETTINGS = [
    "--headless", "--no-sandbox", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-pipe",
]  # fmt: skip
SOFTWARE_GL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WATCHED = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")


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
def browsing(profile, flags=("--disable-gpu",)):
    """A browser with a profile and flags of its own, ended at the end."""
    from_us, commands = os.pipe()
    answers, to_us = os.pipe()
    start = f'exec "$@" 3<&{from_us} 4>&{to_us}'
    process = subprocess.Popen(
        [
            "/bin/bash",
            "-c",
            start,
            "browser",
            chromium(),
            *SETTINGS,
            *flags,
            f"--user-data-dir={profile}",
        ],
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
