"""Emfet 2.0.0 in an environment of its own; only its features are used.

The model that emfet ships was fitted on all of NIH's cells, those that are scored here among
them, so its forest is fitted anew, with the settings that emfet found, on the training part.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from accuracy.division import Division, read_scores
from accuracy.method import Facts, finished
from laveran import files
from laveran.cells.manifest import Manifest

EMFET, VERSION = "emfet", "2.0.0"
WORKER = Path(__file__).with_name("emfet_worker.py")
INSTALLED = "from importlib.metadata import version; print(version('emfet'))"
NOTE = (
    f"{VERSION}: its five features of a cell at 128 px, with its forest ({{trees}} trees; "
    "parameters are their {nodes:,} nodes) fitted anew on the training part; the settings of the "
    "forest are those that emfet found on all of NIH's cells, the scored ones among them"
)


@dataclass(frozen=True)
class Emfet:
    """Emfet's environment and the cells that it reads.

    Attributes:
        python: The interpreter where emfet is installed.
        data: Zip or folder of cells.
        threads: To work in.
    """

    python: Path
    data: Path
    threads: int

    def fit(self, division: Division, folder: Path) -> Facts:
        """Fit, score the test part, write both to `folder`; or read what is there already."""
        settings = {"version": VERSION, "division": division.checksum}
        kept = folder / f"{EMFET}.json"
        facts = finished(kept, settings)
        if facts:
            return facts
        scores = folder / f"{EMFET}.csv"
        folder.mkdir(parents=True, exist_ok=True)
        with _table(division.manifest, division.parts.tolist()) as cells:
            said = subprocess.run(
                self._command("fit", cells, folder, "--scores", str(scores)),
                stdout=subprocess.PIPE,
                text=True,
                check=False,
            )
        if said.returncode:
            raise SystemExit("emfet failed; what it said is above")
        found = json.loads(said.stdout)
        read_scores(scores, division.part("test"))
        facts = Facts(
            parameters=found["nodes"],
            file_bytes=_forest(folder).stat().st_size,
            note=NOTE.format(**found),
            settings=settings,
            train_seconds=found["train_seconds"],
        )
        facts.write(kept)
        return facts

    @contextmanager
    def serving(self, cells: Manifest, folder: Path) -> Iterator[Server]:
        """A process that holds the pictures of `cells` and the forest of `folder` in memory."""
        with _table(cells, ["test"] * len(cells)) as table:
            process = subprocess.Popen(
                self._command("serve", table, folder),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            try:
                server = Server(process)
                server.wait()
                yield server
            finally:
                process.terminate()
                process.communicate()

    def _command(self, task: str, cells: Path, folder: Path, *options: str) -> list[str]:
        given = map(str, (self.python, WORKER, task, self.data, cells, _forest(folder)))
        return [*given, "--threads", str(self.threads), *options]


@dataclass(frozen=True)
class Server:
    """A worker that waits to be asked."""

    process: subprocess.Popen[str]

    def seconds(self) -> float:
        """What one look at all its pictures takes."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.wait())

    def wait(self) -> str:
        """What it says next; SystemExit if it ended."""
        assert self.process.stdout
        said = self.process.stdout.readline()
        if not said:
            raise SystemExit("emfet's process ended; what it said is above")
        return said


def interpreter(given: Path | None, folder: Path) -> Path:
    """The Python with emfet: the one given, else that of an environment made in `folder`."""
    python = given or folder / "emfet-env" / "bin" / "python"
    if given is None and not python.exists():
        print("making an environment for emfet", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", f"{EMFET}=={VERSION}"]
        subprocess.run(install, check=True)
    said = subprocess.run([python, "-c", INSTALLED], capture_output=True, text=True, check=False)
    if said.stdout.strip() != VERSION:
        raise SystemExit(f"{python} has no emfet {VERSION}; install emfet=={VERSION} there")
    return python


@contextmanager
def _table(cells: Manifest, parts: list[str]) -> Iterator[Path]:
    """A table for the worker, as long as it needs it."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "cells.csv"
        rows = (
            (cell.name, cell.patient, cell.label, part)
            for cell, part in zip(cells, parts, strict=True)
        )
        files.write_csv(path, ("name", "patient", "label", "part"), rows)
        yield path


def _forest(folder: Path) -> Path:
    return folder / f"{EMFET}.joblib"
