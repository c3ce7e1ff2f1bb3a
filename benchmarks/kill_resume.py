"""Kill -9 a training at random moments, resume it, compare the weights byte for byte.

Each trial starts anew with an empty cache, is killed at a moment drawn uniformly from the
time that an undisturbed training takes, and resumed; a resumed one may be killed again.

Example: python benchmarks/kill_resume.py --out kill.json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import safe_open

from laveran.cells.synthetic_dataset import write_cells
from results import Row, publish
from timing import LAVERAN


class Kill(NamedTuple):
    """When a process was killed, and how far the run folder had come."""

    seconds: float
    stage: str


@dataclass(frozen=True)
class Training:
    """One training in a folder of its own: the cache, the run, what it said."""

    folder: Path
    arguments: list[str]

    @property
    def run(self) -> Path:
        """The run folder."""
        return self.folder / "run"

    @property
    def weights(self) -> bytes:
        """The final weights, as bytes."""
        return (self.run / "weights.safetensors").read_bytes()

    def go(self, seconds: float | None = None) -> bool:
        """Start it or go on with it; kill -9 after so many seconds. Whether it came to its end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        said = self.folder / "said.txt"
        with said.open("w") as file:
            process = subprocess.Popen(
                [LAVERAN, "train", *self.arguments, "--out", str(self.run), "--resume"],
                env={**os.environ, "LAVERAN_CACHE": str(self.folder / "cache")},
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return False
        if process.returncode:
            raise SystemExit(f"the training failed: {said.read_text()[-2000:]}")
        return True

    def stage(self) -> str:
        """How far it has come, by what is in its folder."""
        if not (self.run / "config.toml").exists():
            return "before the run folder was claimed"
        checkpoint = self.run / "checkpoints" / "last.safetensors"
        if not checkpoint.exists():
            return "before the first checkpoint"
        if (self.run / "metrics.json").exists():
            return "after the last file"
        if (self.run / "cells.csv").exists():
            return "after the fit"
        with safe_open(checkpoint, "numpy") as file:
            epochs = len(json.loads(file.metadata()["numbers"])["history"])
        return f"after epoch {epochs}"


def disturbed(
    training: Training, undisturbed: float, rng: np.random.Generator, again: float
) -> list[Kill]:
    """Train, kill, resume, perhaps kill again, until done; none where it was done too soon."""
    kills: list[Kill] = []
    while not training.go(moment := rng.uniform(0, undisturbed)):
        kills.append(Kill(round(moment, 2), training.stage()))
        if rng.random() >= again:
            training.go()
            break
    return kills


def trials(asked: argparse.Namespace, scratch: Path, arguments: list[str]) -> Iterator[list[Kill]]:
    """Yield the kills of each trial; SystemExit where the weights differ."""
    whole = Training(scratch / "undisturbed", arguments)
    started = time.perf_counter()
    whole.go()
    undisturbed = time.perf_counter() - started
    print(f"undisturbed: {undisturbed:.1f} s", file=sys.stderr, flush=True)
    rng = np.random.default_rng(asked.seed)
    number = 0
    while number < asked.trials:
        training = Training(scratch / "disturbed", arguments)
        kills = disturbed(training, undisturbed, rng, asked.again)
        if kills:
            number += 1
            shown = ", ".join(f"{kill.stage} ({kill.seconds} s)" for kill in kills)
            if training.weights != whole.weights:
                raise SystemExit(f"trial {number}: other weights; killed {shown}")
            print(f"trial {number}: identical; killed {shown}", file=sys.stderr, flush=True)
            yield kills
        shutil.rmtree(training.folder)


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", help="zip of cells; drawn if not given")
    parser.add_argument("labels", type=Path, nargs="?")
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--patients", type=int, default=40, help="to draw, of 60 cells each")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--again", type=float, default=0.4, help="chance of one more kill")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if asked.data is None:
            drawn = write_cells(scratch / "data", train_patients=asked.patients)
            asked.data, asked.labels = drawn.train_data, drawn.train_labels
        given = [str(path.resolve()) for path in (asked.data, asked.labels) if path]
        arguments = [*given, "--recipe", asked.recipe, "--epochs", str(asked.epochs)]
        killed = list(trials(asked, scratch, arguments))
    stages = Counter(kill.stage for kills in killed for kill in kills)
    where = ", ".join(f"{count} {stage}" for stage, count in sorted(stages.items()))
    rows = [
        Row(
            "kill -9 at random moments, resume: bit-identical weights",
            "10 of 10",
            f"{len(killed)} of {asked.trials}",
        ),
        Row("where the kills struck", "", where),
    ]
    publish(
        rows,
        {"seed": asked.seed, "killed": [[kill._asdict() for kill in kills] for kills in killed]},
        asked.out,
    )


if __name__ == "__main__":
    main()
