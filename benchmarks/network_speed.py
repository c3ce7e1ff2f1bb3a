"""How many cells a second models judge: prepared cells in memory, threads as in `predict`.

Example: python benchmarks/network_speed.py --model runs/fast --out network.json
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.model.runtime import BATCH, SHIPPED_NAME, Model, load
from machine import use_cores
from results import Row, publish
from timing import Figures, median, take_turns

ASKED = {SHIPPED_NAME: "at least 3,000"}


def drawn_cells(model: Model, count: int) -> list[np.ndarray]:
    """Batches of prepared cells; what they show does not change the work."""
    rng = np.random.default_rng(0)
    cell = model.prepare(draw_cell(rng, draw_patient(rng), "ring").image)
    batch = np.repeat(cell[np.newaxis], BATCH, axis=0)
    return [batch] * (count // BATCH)


def judged(name: str, model: Model, count: int, threads: int) -> Figures:
    """Cells a second, a batch to each of so many threads."""
    batches = drawn_cells(model, count)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(model.judge, batches))
    return {name: len(batches) * BATCH / (time.perf_counter() - started)}


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append", default=[], help="another")
    parser.add_argument("--cells", type=int, default=6400)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    use_cores(asked.cores)
    models = {str(path): load(path) for path in (SHIPPED_NAME, *asked.model)}
    contenders = [
        partial(judged, name, model, asked.cells, asked.cores) for name, model in models.items()
    ]
    rounds = take_turns(contenders, asked.rounds)
    rows = [
        Row(f"{name}: cells a second", ASKED.get(name, ""), f"{median(rounds, name):,.0f}")
        for name in models
    ]
    publish(rows, rounds, asked.out)


if __name__ == "__main__":
    main()
