"""Peak resident memory of `laveran predict` on few and on many cells.

Example: python benchmarks/predict_memory.py train_data.zip --model runs/fast --out memory.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

from results import Row, publish
from timing import LAVERAN, Figures, take_turns, whole_process

INPUTS = Path(__file__).with_name("inputs.py")


def peak(cells: Path, name: str, model: Path, out: Path) -> Figures:
    """Peak of one process, in MB."""
    cost = whole_process(LAVERAN, "predict", cells, "--model", model, "--out", out)
    return {name: cost.peak_mb}


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="zip of cells")
    parser.add_argument("--model", type=Path, required=True, help="run folder or model file")
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        contenders = []
        for count in (asked.few, asked.many):
            cells = Path(scratch) / f"{count}.zip"
            # In a process of its own: this one's memory would count as that of its children.
            how = ("--cells", str(count), "--stored")
            whole_process(sys.executable, INPUTS, asked.data, cells, *how)
            out = Path(scratch) / "submission.csv"
            contenders.append(partial(peak, cells, f"{count:,} cells", asked.model, out))
        rounds = take_turns(contenders, asked.rounds)
    few, many = f"{asked.few:,} cells", f"{asked.many:,} cells"
    most = {name: max(figures[name] for figures in rounds) for name in (few, many)}
    rows = [
        Row(f"peak memory of predict, {few}", "under 500 MB", f"{most[few]:.0f} MB"),
        Row(f"peak memory of predict, {many}", "under 500 MB", f"{most[many]:.0f} MB"),
        Row(f"{many} above {few}", "under 150 MB", f"{most[many] - most[few]:.0f} MB"),
    ]
    publish(rows, {"rounds": rounds}, asked.out)


if __name__ == "__main__":
    main()
