"""The program that stands for typer alone."""

import subprocess
import sys

from laveran.cli import app
from start import bare_program


def test_it_offers_all_commands_and_does_nothing(tmp_path):
    program = tmp_path / "bare.py"
    program.write_text(bare_program(app) + "\napp()\n")
    done = subprocess.run(
        [sys.executable, program, "study", "--help"], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    assert all(word in done.stdout.decode() for word in ("map", "neighbours", "focus"))
