"""Files are written whole or not at all."""

import csv
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from laveran import files
from laveran.errors import OutputError


def test_a_file_appears_with_its_folders_and_its_suffix(tmp_path):
    target = tmp_path / "a" / "b" / "figures.csv"
    with files.replacing(target) as scratch:
        assert scratch.suffix == ".csv"
        assert scratch.parent == target.parent
        assert not target.exists()
        scratch.write_text("x")
    assert target.read_text() == "x"
    assert list(target.parent.iterdir()) == [target]


def test_a_failure_leaves_what_was_there(tmp_path):
    target = tmp_path / "figures.csv"
    target.write_text("old")

    def write_half():
        with files.replacing(target) as scratch:
            scratch.write_text("ne")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(sys.platform == "win32", reason="signals and modes are POSIX's")
def test_a_killed_process_leaves_what_was_there(tmp_path):
    target = tmp_path / "figures.csv"
    target.write_text("old")
    program = (
        "import os, signal, sys; from laveran import files\n"
        "with files.replacing(sys.argv[1]) as scratch:\n"
        "    scratch.write_text('ne'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    died = subprocess.run([sys.executable, "-c", program, str(target)], check=False)
    assert died.returncode == -signal.SIGKILL
    assert target.read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="signals and modes are POSIX's")
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_mode_is_that_of_any_new_file(tmp_path, mask):
    before = os.umask(mask)
    try:
        files.write_text(tmp_path / "figures.csv", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "figures.csv").stat().st_mode) == 0o666 & ~mask


def test_text_is_written_byte_for_byte(tmp_path):
    files.write_text(str(tmp_path / "text"), "ä\r\nb\n")
    assert Path(tmp_path / "text").read_bytes() == "ä\r\nb\n".encode()


@pytest.mark.parametrize("place", ["file/below.csv", "folder"])
def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, place):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=f"^cannot write {tmp_path / place}: .*; choose"):
        files.write_text(tmp_path / place, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_table_comes_back_from_its_csv(tmp_path):
    rows = [["a.png", 'cut "off", empty'], ["b\n.png", ""]]
    path = tmp_path / "new" / "table.csv"
    files.write_csv(path, ("name", "reason"), rows, delimiter=";")
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file, delimiter=";")) == [["name", "reason"], *rows]
    assert b"\r" not in path.read_bytes()


def test_a_device_stays_one(tmp_path):
    device = tmp_path / "device"
    os.mkfifo(device)
    with pytest.raises(OutputError, match="it is no file"):
        files.write_text(device, "a")
    assert device.is_fifo()
