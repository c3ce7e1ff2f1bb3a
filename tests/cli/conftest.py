"""The command line in this process, and things to give it."""

import zipfile
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from hostile import encode, write_hostile_zip
from laveran.cli import app
from small_model import BLUE, RED, picture, write_small_model


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def laveran():
    """Run a command: `laveran("score", path, other)`."""

    def run(*words):
        result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def refused(laveran):
    """Run a command that must end with exit code 1; its sentence, without `laveran: `."""

    def run(*words):
        ended = laveran(*words)
        assert ended.code == 1
        assert ended.out == ""
        (line,) = ended.err.splitlines()
        assert line.startswith("laveran: ")
        return line.removeprefix("laveran: ")

    return run


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A folder with the small model in it; not to be written to."""
    return write_small_model(tmp_path_factory.mktemp("run") / "model.onnx").parent


@pytest.fixture(scope="session")
def hostile_zip(tmp_path_factory):
    return write_hostile_zip(tmp_path_factory.mktemp("hostile") / "test_data.zip")


@pytest.fixture
def cells(tmp_path):
    """A zip of a blue and a red cell."""
    path = tmp_path / "cells.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", encode(picture(BLUE)))
        archive.writestr("b.png", encode(picture(RED)))
    return path
