"""The real program: `python -m laveran` in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import zipfile

import pytest

from hostile import encode
from small_model import BLUE, RED, picture

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals are POSIX's")

STOP_AT_SYNC = """
import os, signal, sys
from laveran import files
write = files._sync
def stop(path):
    write(path)
    if path.suffix == {suffix!r}:
        os.kill(os.getpid(), signal.SIGINT)
files._sync = stop
sys.argv[0] = "laveran"
from laveran.cli import main
main()
"""
STOP_AT_PICTURE = """
import os, signal, sys
from laveran.cells import pictures
decode, seen = pictures.decode, []
def stop(data):
    seen.append(1)
    if len(seen) == {count}:
        os.kill(os.getpid(), signal.SIGINT)
    return decode(data)
pictures.decode = stop
sys.argv[0] = "laveran"
from laveran.cli import main
main()
"""
STOPPED = "laveran: stopped by Ctrl-C; nothing is left half-written\n"


@pytest.fixture(autouse=True, scope="module")
def ctrl_c():
    """Let children be stopped by Ctrl-C, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(*words, **options):
    """Run Python on `words` and wait."""
    environment = os.environ | options.pop("environment", {})
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
        **options,
    )


def laveran(*words, **options):
    return run("-m", "laveran", *words, **options)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def many(tmp_path):
    """A zip of 3,000 cells."""
    content = encode(picture(BLUE))
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(3000):
            archive.writestr(f"{number}.png", content)
    return path


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_the_version_and_help():
    assert laveran("--version").stdout.count(".") == 2
    ended = laveran("--help")
    assert ended.returncode == 0
    assert "Usage: laveran" in ended.stdout


def test_a_fault_is_one_line_without_a_traceback(tmp_path):
    ended = laveran("predict", tmp_path / "none.zip", "--model", tmp_path / "none")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith("laveran: there is no model at")
    assert ended.stderr.count("\n") == 1


def test_wrong_usage_is_exit_code_2(tmp_path):
    ended = laveran("train", "a.zip", "--by", "slide", "--out", tmp_path / "run")
    assert ended.returncode == 2
    assert "slide" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("environment", [{}, {"FORCE_COLOR": "1"}, {"GITHUB_ACTIONS": "true"}])
def test_progress_is_silent_without_a_terminal(many, run_folder, out, environment):
    ended = laveran(
        *("predict", many, "--model", run_folder, "--out", out / "s.csv"), environment=environment
    )
    assert ended.stderr == ""
    at = "(accuracy: from a probability of 0.500 on)"
    assert ended.stdout == f"{out / 's.csv'}: 3,000 cells, 3,000 called parasitized {at}\n"


@posix
def test_progress_is_shown_on_a_terminal(many, run_folder, out):
    reader, terminal = os.openpty()
    with os.fdopen(terminal, "wb") as stderr:
        words = ("predict", many, "--model", run_folder, "--out", out / "s.csv")
        subprocess.run(
            [sys.executable, "-m", "laveran", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=stderr,
            check=True,
            timeout=60,
        )
        shown = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert "predict" in shown
    assert "3000/3000" in shown


def test_json_is_not_mixed_with_anything(many, run_folder, out):
    ended = laveran("predict", many, "--model", run_folder, "--out", out / "s.csv", "--json")
    assert json.loads(ended.stdout)["n_cells"] == 3000


@posix
def test_ctrl_c_while_pictures_are_read(many, run_folder, out):
    (out / "s.csv").write_text("old")
    stop = STOP_AT_PICTURE.format(count=500)
    ended = run("-c", stop, "predict", many, "--model", run_folder, "--out", out / "s.csv")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", STOPPED)
    assert names_in(out) == ["s.csv"]
    assert (out / "s.csv").read_text() == "old"


@posix
def test_ctrl_c_while_a_file_is_written(many, run_folder, out):
    stop = STOP_AT_SYNC.format(suffix=".csv")
    ended = run("-c", stop, "predict", many, "--model", run_folder, "--out", out / "s.csv")
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", STOPPED)
    assert names_in(out) == []


@posix
def test_ctrl_c_from_outside(many, run_folder, out):
    """The signal comes while the program waits for its sample submission."""
    os.mkfifo(out / "sample.csv")
    words = ["predict", many, "--model", run_folder, "--out", out / "s.csv"]
    words += ["--like", out / "sample.csv"]
    with (
        subprocess.Popen(
            [sys.executable, "-m", "laveran", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program,
        (out / "sample.csv").open("w"),
    ):  # returns when the program has opened it
        program.send_signal(signal.SIGINT)
        written, said = program.communicate(timeout=60)
    assert (program.returncode, written, said) == (130, "", STOPPED)
    assert names_in(out) == ["sample.csv"]


@posix
def test_a_reader_that_goes_away_is_no_traceback(run_folder, many, out):
    """As with `laveran ... | head -0`."""
    words = ("predict", many, "--model", run_folder, "--out", out / "s.csv", "--json")
    with subprocess.Popen(
        [sys.executable, "-m", "laveran", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        program.stdout.close()
        said = program.stderr.read()
    assert said == ""
    assert names_in(out) == ["s.csv"]


@posix
@pytest.mark.slow
def test_ctrl_c_while_training_leaves_what_can_be_resumed(tmp_path):
    data = tmp_path / "cells.zip"
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(120):
            folder, colour = (("Uninfected", RED), ("Parasitized", BLUE))[number % 2]
            name = f"{folder}/C{number % 20}ThinF_IMG_1_cell_{number}.png"
            archive.writestr(name, encode(picture(colour, 20 + number % 7, 20)))
    words = ["train", data, "--out", tmp_path / "run", "--recipe", "fast", "--epochs", "2"]
    cache = {"LAVERAN_CACHE": str(tmp_path / "cache")}
    ended = run("-c", STOP_AT_PICTURE.format(count=50), *words, environment=cache)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", STOPPED)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert not (tmp_path / "run").exists()
    stop = STOP_AT_SYNC.format(suffix=".safetensors")
    ended = run("-c", stop, *words, environment=cache)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", STOPPED)
    assert not [path for path in (tmp_path / "run").rglob("*") if path.name.startswith(".")]
    assert not (tmp_path / "run" / "metrics.json").exists()
    refused = laveran(*words, environment=cache)
    assert refused.returncode == 1
    assert "holds a run already; go on with it by --resume" in refused.stderr
    resumed = laveran(*words, "--resume", "--json", environment=cache)
    assert resumed.returncode == 0, resumed.stderr
    assert json.loads(resumed.stdout)["run"] == str(tmp_path / "run")
