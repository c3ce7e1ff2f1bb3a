"""What is imported when: the command line starts at once, the light side has no torch."""

import json
import subprocess
import sys
import zipfile

import pytest

from hostile import encode
from small_model import BLUE, RED, picture, write_small_model

HEAVY = ("torch", "torchvision", "timm", "accelerate", "onnxruntime", "onnx", "numpy", "cv2")
HEAVY += ("pydantic", "imagecodecs", "matplotlib", "safetensors")
TRAINING_SIDE = ("torch", "torchvision", "timm", "accelerate", "safetensors", "onnx", "onnxscript")
TRAINING_SIDE += ("matplotlib", "platformdirs", "tomli_w", "sklearn", "cleanlab")

LOADED = "import json, sys; print(json.dumps([n for n in {names!r} if n in sys.modules]))"
WITHOUT = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Nothing())
"""
MAIN = "import sys; from laveran.cli import main; sys.argv[0] = 'laveran'; main()"


def python(program, *words, check=True):
    """Run a program in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        capture_output=True,
        text=True,
        check=check,
        timeout=180,
    )


def loaded_after(program):
    """Which of the heavy libraries are loaded after `program`."""
    ended = python(f"{program}\n{LOADED.format(names=HEAVY)}")
    return json.loads(ended.stdout.splitlines()[-1])


INVOKE = """
from typer.testing import CliRunner
from laveran.cli import app
assert CliRunner().invoke(app, {words}).exit_code == {code}
"""


@pytest.mark.parametrize(
    "program",
    [
        "import laveran",
        "import laveran; dir(laveran); laveran.__version__; laveran.LaveranError",
        "import laveran.cli",
        INVOKE.format(words=["--help"], code=0),
        INVOKE.format(words=["--version"], code=0),
    ],
)
def test_nothing_heavy_is_loaded(program):
    assert loaded_after(program) == []


@pytest.mark.parametrize(
    "program",
    [
        INVOKE.format(words=["train", "--help"], code=0),
        INVOKE.format(words=["predict", "--nonsense"], code=2),
    ],
)
def test_nothing_but_what_typer_needs_is_loaded_to_parse(program):
    assert set(loaded_after(program)) <= {"pydantic"}


def test_the_public_names_need_no_torch():
    loaded = loaded_after("from laveran import *")
    assert set(loaded).isdisjoint(TRAINING_SIDE)


@pytest.fixture
def cells(tmp_path):
    path = tmp_path / "cells.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Parasitized/C1ThinF_IMG_1_cell_1.png", encode(picture(BLUE)))
        archive.writestr("Uninfected/C2ThinF_IMG_1_cell_1.png", encode(picture(RED)))
    return path


def test_the_light_side_works_without_the_training_side(tmp_path, cells):
    model = write_small_model(tmp_path / "run" / "model.onnx")
    light = WITHOUT.format(names=TRAINING_SIDE)
    modules = (
        "import importlib, pkgutil, laveran\n"
        "for package in ('cells', 'metrics', 'report', 'model', 'audit'):\n"
        "    home = importlib.import_module(f'laveran.{package}')\n"
        "    for module in pkgutil.walk_packages(home.__path__, f'laveran.{package}.'):\n"
        "        importlib.import_module(module.name)\n"
    )
    out = tmp_path / "s.csv"
    ended = python(light + modules + MAIN, "predict", cells, "--model", model, "--out", out)
    assert (
        ended.stdout
        == f"{out}: 2 cells, 1 called parasitized (accuracy: from a probability of 0.500 on)\n"
    )
    figures = tmp_path / "figures.json"
    python(light + MAIN, "evaluate", cells, "--model", model, "--json", figures)
    assert json.loads(figures.read_text())["accuracy"]["value"] == 1
    cell = tmp_path / "cell.png"
    cell.write_bytes(encode(picture(BLUE)))
    page = tmp_path / "explain"
    ended = python(light + MAIN, "explain", cell, "--model", model, "--out", page)
    assert ended.stdout.endswith(f"page {page / 'explain.html'}\n")


@pytest.mark.slow
def test_without_torch_the_demo_is_read_by_the_shipped_model(tmp_path):
    ended = python(WITHOUT.format(names=TRAINING_SIDE) + MAIN, "demo", "--out", tmp_path / "demo")
    assert "read by the shipped model" in ended.stdout
    assert "SYNTHETIC" in ended.stdout
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {"data", "submission.csv"}


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        (("train", "cells.zip"), "torch"),
        (("train", "cells.zip"), "tomli_w"),
        (("demo",), "tomli_w"),
    ],
)
def test_without_the_training_side_a_sentence_says_what_to_install(tmp_path, command, missing):
    ended = python(
        WITHOUT.format(names=(missing,)) + MAIN, *command, "--out", tmp_path / "run", check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("laveran: this needs the training side")
    assert missing in line
    assert line.endswith("pip install 'laveran[train]'")
    assert list(tmp_path.iterdir()) == []
