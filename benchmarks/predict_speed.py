"""How fast `laveran predict` is beside mere decoding and beside two notebooks.

Example: python benchmarks/predict_speed.py train_data.zip --model runs/fast --out speed.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from inputs import write_zip
from laveran.model.prediction import predict
from laveran.model.runtime import Model, load
from machine import use_cores
from results import Row, publish
from timing import LAVERAN, Figures, median, ratio, take_turns, whole_process

HERE = Path(__file__).parent

OURS, OURS_INSIDE = "laveran predict", "laveran predict, without start-up"
DECODING, DECODING_INSIDE = "OpenCV decoding", "OpenCV decoding, without start-up"
NOTEBOOK, RESNET = "notebook, same network", "notebook, ResNet-18 at 128 px"


def ours(cells: Path, count: int, model: Path, out: Path) -> Figures:
    """Cells a second of the whole process."""
    cost = whole_process(LAVERAN, "predict", cells, "--model", model, "--out", out)
    return {OURS: count / cost.seconds}


def ours_inside(cells: Path, count: int, model: Model, out: Path) -> Figures:
    """Cells a second of the library call, everything being loaded."""
    started = time.perf_counter()
    predict(cells, model=model, out=out)
    return {OURS_INSIDE: count / (time.perf_counter() - started)}


def decoding(cells: Path, count: int, workers: int) -> Figures:
    """Cells a second of the whole process, and of what it says it took inside."""
    cost = whole_process(sys.executable, HERE / "decoding.py", cells, "--workers", str(workers))
    return {DECODING: count / cost.seconds, DECODING_INSIDE: count / float(cost.output)}


def notebook(name: str, folder: Path, count: int, options: list[str]) -> Figures:
    """Cells a second without start-up."""
    cost = whole_process(sys.executable, HERE / "notebook.py", folder, *options)
    return {name: count / float(cost.output)}


def contenders(asked: argparse.Namespace, scratch: Path) -> list[Callable[[], Figures]]:
    """Everything that takes turns, with its input made."""
    cells, folder, out = scratch / "cells.zip", scratch / "folder", scratch / "submission.csv"
    write_zip(asked.data, cells, asked.cells)
    with zipfile.ZipFile(cells) as archive:
        some = archive.namelist()[: asked.notebook_cells]
        archive.extractall(folder, some)
    cores = ["--cores", str(asked.cores)]
    unpacked = folder / "cells"
    same = ["--model", str(asked.model), *cores]
    return [
        partial(ours, cells, asked.cells, asked.model, out),
        partial(decoding, cells, asked.cells, asked.cores),
        partial(ours_inside, cells, asked.cells, load(asked.model), out),
        partial(notebook, NOTEBOOK, unpacked, len(some), same),
        partial(notebook, RESNET, unpacked, len(some), cores),
    ]


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="zip of cells")
    parser.add_argument("--model", type=Path, required=True, help="run folder")
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--notebook-cells", type=int, default=2_000, help="for the notebooks")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    use_cores(asked.cores)
    with tempfile.TemporaryDirectory() as scratch:
        rounds = take_turns(contenders(asked, Path(scratch)), asked.rounds)
    names = (OURS, OURS_INSIDE, DECODING, DECODING_INSIDE, NOTEBOOK, RESNET)
    speeds = [Row(name, "", f"{median(rounds, name):,.0f} cells/s") for name in names]
    ratios = [
        Row("predict to decoding, whole processes", "at least 0.6", ratio(rounds, OURS, DECODING)),
        Row(
            "predict to decoding, both without start-up",
            "",
            ratio(rounds, OURS_INSIDE, DECODING_INSIDE),
        ),
        Row("predict to notebook, same network", "at least 1.7", ratio(rounds, OURS, NOTEBOOK)),
        Row("predict to notebook, ResNet-18", "at least 8", ratio(rounds, OURS, RESNET)),
    ]
    publish([*speeds, *ratios], {"cells": asked.cells, "rounds": rounds}, asked.out)


if __name__ == "__main__":
    main()
