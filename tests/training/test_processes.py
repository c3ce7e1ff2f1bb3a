"""Trainings in processes of their own: killed at any moment, or several at once."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from laveran.training.folder import RunFolder

pytestmark = pytest.mark.slow

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}  # loopback only


def start(*words):
    """A Python process; its errors are shown where a test fails."""
    return subprocess.Popen([sys.executable, *map(str, words)], env=os.environ | ENVIRONMENT)


def weights(folder):
    return (folder / "weights.safetensors").read_bytes()


@pytest.fixture(scope="module")
def long(tiny):
    """A recipe that leaves time to be killed in."""
    return tiny.replace(epochs=60, patience=60)


def training(drawn, recipe, folder):
    """The words that train by `recipe` in `folder`."""
    file = folder / "long.toml"
    file.write_text(recipe.to_toml())
    words = ["-m", "laveran", "train", drawn.train_data, drawn.train_labels]
    return [*words, "--out", folder / "run", "--recipe", file]


@pytest.fixture(scope="module")
def undisturbed(drawn, long, tmp_path_factory):
    """What the long recipe leaves when nothing happens, in a process of its own like the others.

    In this one, what earlier tests loaded may round otherwise.
    """
    folder = tmp_path_factory.mktemp("undisturbed")
    assert start(*training(drawn, long, folder)).wait() == 0
    return folder / "run"


@pytest.mark.parametrize("seed", [0, 1])
def test_killed_at_a_random_moment_and_resumed(drawn, long, undisturbed, tmp_path, seed):
    command, out = training(drawn, long, tmp_path), tmp_path / "run"
    process = start(*command)
    while not (out / "config.toml").exists():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(random.Random(seed).uniform(0, 3))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (out / "metrics.json").exists()
    assert start(*command, "--resume").wait() == 0
    assert weights(out) == weights(undisturbed)
    predictions = "predictions.csv"
    assert (out / predictions).read_bytes() == (undisturbed / predictions).read_bytes()
    assert not list(out.rglob(".last-*"))


TRAIN = """
import json, os, sys
from pathlib import Path
from laveran.training import train
data, labels, recipe, out = sys.argv[1:]
run = train(data, labels, recipe=recipe, out=out, folds=2)
seen = Path(out).with_name("rank" + os.environ["RANK"] + ".json")
seen.write_text(json.dumps(run.evaluation.to_json()))
"""


def test_two_processes_leave_one_run(drawn, tiny, tmp_path):
    recipe, out, script = tmp_path / "tiny.toml", tmp_path / "run", tmp_path / "script.py"
    recipe.write_text(tiny.replace(epochs=6, patience=1, learning_rate=0.05).to_toml())
    script.write_text(TRAIN)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    process = start(*launcher, script, drawn.train_data, drawn.train_labels, recipe, out)
    assert process.wait(timeout=240) == 0
    folder = RunFolder(out)
    metrics = folder.read_metrics()
    seen = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert seen[0] == seen[1]  # each scored by itself: they hold the same network
    assert {name: metrics[name] for name in seen[0]} == seen[0]
    assert metrics["export_parity"] < 1e-4
    assert len(folder.read_predictions().names) == 120
    for fold in (0, 1):
        epochs = [row["epoch"] for row in folder.fold(fold).read_metrics()["history"]]
        assert epochs == list(range(1, len(epochs) + 1))
    assert not list(out.rglob(".*"))
