"""Searches in processes of their own: killed at any moment, or several on one server."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import optuna
import pytest

from laveran.training.search_locked import OPENING
from laveran.training.search_study import STUDY, opened, sqlite_url

pytestmark = pytest.mark.slow

SEARCH = """
import sys, torch
from laveran.training import search_study
from laveran.training.search import search
from laveran.training.search_space import Space
torch.set_num_threads(1)
search_study.HEARTBEAT_S, search_study.GRACE_S = 1, 3
data, labels, out, trials, epochs, *storage = sys.argv[1:]
space = Space(
    recipes=("fast",), shapes=("plain",), backbones=(), widths=(4,), depths=(1,), sizes_px=(16,)
)
found = search(
    data, labels, out=out, trials=int(trials), epochs=int(epochs), folds=2, space=space,
    storage=storage[0] if storage else None,
)
print(found.evaluation is not None)
"""  # fmt: skip


def start(drawn, out, trials, epochs, *storage):
    """A search in a process of its own; its errors are shown where a test fails."""
    words = [drawn.train_data, drawn.train_labels, out, trials, epochs, *storage]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SEARCH, *map(str, words)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )


def ended(process):
    """Whether a search came to figures on the locked patients; it must have ended well."""
    out, _ = process.communicate(timeout=240)
    assert process.returncode == 0
    return out.strip() == "True"


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_killed_at_a_random_moment_the_same_command_goes_on(drawn, tmp_path, seed):
    out = tmp_path / "one"
    process = start(drawn, out, 6, 8)
    while not (out / "study.db").exists():
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(random.Random(seed).uniform(0.5, 10))
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert ended(start(drawn, out, 6, 8))
    table = rows(out / "trials.csv")
    died = [row for row in table if row["reason"] == "its process ended"]
    assert len(died) <= 1
    assert len(table) - len(died) >= 6
    for row in died:  # what it was trying is tried again
        same = [other for other in table if other["learning_rate"] == row["learning_rate"]]
        assert len(same) == 2 or row["learning_rate"] == ""  # it died while it drew
    assert json.loads((out / "metrics.json").read_text())["n_patients"] > 0
    assert not (out / "trials").exists()


def tool(name):
    """A program of PostgreSQL's, also where Debian hides it."""
    places = [os.environ.get("PATH", ""), *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    found = shutil.which(name, path=os.pathsep.join(places))
    return found or pytest.skip(f"no {name} here (apt-get install postgresql)")


class Server:
    """A PostgreSQL server of our own, which listens on a socket in its folder only."""

    def __init__(self):
        initdb, self.pg_ctl = tool("initdb"), tool("pg_ctl")
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))  # pytest's own is closed to others
        self.url = f"postgresql+psycopg://search@/postgres?host={self.folder}"
        self.account = {}
        if os.getuid() == 0:  # PostgreSQL refuses to be run by root
            self.account = {"user": "nobody", "extra_groups": []}
            shutil.chown(self.folder, "nobody")
        self.run(initdb, "-D", "data", "-A", "trust", "-U", "search", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self.run(self.pg_ctl, "-D", "data", "-l", "log", "-w", "-o", settings, "start")

    def run(self, *words):
        subprocess.run(
            words, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self.account
        )

    def stop(self):
        self.run(self.pg_ctl, "-D", "data", "-m", "immediate", "stop")


@pytest.fixture
def server():
    pytest.importorskip("psycopg")
    running = Server()
    yield running
    if (running.folder / "data" / "postmaster.pid").exists():
        running.stop()
    shutil.rmtree(running.folder)


def test_two_processes_join_one_search_on_a_server(drawn, server, tmp_path):
    outs = [tmp_path / name for name in ("one", "two")]
    processes = [start(drawn, out, 8, 2, server.url) for out in outs]
    figures = [ended(process) for process in processes]
    assert any(figures)
    with opened(server.url) as store:
        trials = optuna.load_study(study_name=STUDY, storage=store.engine).trials
        openings = optuna.load_study(study_name=OPENING, storage=store.engine).trials
    assert len({trial.user_attrs["place"] for trial in trials}) == 2
    assert 8 <= len(trials) <= 9  # both may begin the last one
    assert len({json.dumps(trial.params, sort_keys=True) for trial in trials}) == len(trials)
    assert sum(trial.state.name == "COMPLETE" for trial in openings) == 1
    assert [ended(start(drawn, out, 8, 2, server.url)) for out in outs] == [True, True]
    for name in ("metrics.json", "recipe.toml", "trials.csv", "cells.csv"):
        one, two = ((out / name).read_text() for out in outs)
        assert one.replace(str(outs[0]), "") == two.replace(str(outs[1]), "")
    assert [(out / "best").exists() for out in outs].count(True) == 1


def test_a_server_that_goes_away_is_one_sentence(drawn, server, tmp_path):
    out = tmp_path / "one"
    command = ["search", drawn.train_data, drawn.train_labels, "--out", out, "--storage"]
    process = subprocess.Popen(
        [sys.executable, "-m", "laveran", *map(str, command), server.url],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (out / "trials").exists():
        assert process.poll() is None
        time.sleep(0.05)
    server.stop()
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    (line,) = said.splitlines()
    assert line.startswith("laveran: the storage postgresql+psycopg://search@/postgres?host=")
    assert "does not answer" in line


def test_a_file_serves_two_processes_too(drawn, tmp_path):
    url = sqlite_url(tmp_path / "shared.db")
    outs = [tmp_path / name for name in ("one", "two")]
    processes = [start(drawn, out, 4, 1, url) for out in outs]
    figures = [ended(process) for process in processes]
    assert any(figures)
