"""What averaging over the eight flips and turns gives finished runs of several folds, and costs.

Every cell is judged by the model file of a fold that never saw its patient; several runs answer
together, as several `--model`s of `laveran predict` do. Nothing is trained.

Example: python benchmarks/symmetries.py runs/fast --out symmetries.json
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensembles import pictures_of, require_alike
from laveran.metrics import evaluate, paired_difference
from laveran.model.ensemble import open_reader
from laveran.model.runtime import BATCH
from laveran.training.feed import Feed
from laveran.training.finished import FinishedRun, open_run
from results import Row, publish, shown

COMPARED = ("accuracy", "auroc", "blank_false_positive_rate")
SHOWN = (*COMPARED, "sensitivity_at_99_specificity", "worst_tenth_accuracy")


class Judged(NamedTuple):
    """Probability and call of every cell [N], out of fold, and the seconds that it took."""

    y_prob: NDArray[np.float64]
    called: NDArray[np.float64]
    seconds: float

    def scores(self, figure: str) -> NDArray[np.float64]:
        """What `figure` is counted on [N]: calls or probabilities."""
        return self.y_prob if figure == "auroc" else self.called


def prepared(feeds: Sequence[Feed], rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Cells as the runs take them: those of one run, or of several end to end."""
    inputs = [np.asarray(feed.pictures[rows]) for feed in feeds]
    if len(inputs) == 1:
        return inputs[0]
    return np.concatenate([each.reshape(len(rows), -1) for each in inputs], axis=1)


def judged(runs: Sequence[FinishedRun], feeds: Sequence[Feed], *, tta: bool) -> Judged:
    """What the networks of the folds say, called at their operating point `accuracy`."""
    manifest = feeds[0].manifest
    y_prob, called = (np.full(len(manifest), np.nan) for _ in range(2))
    seconds = 0.0
    for folds in zip(*(run.fits for run in runs), strict=True):
        model = open_reader([fold.path for fold in folds], tta=tta)
        cells = np.sort(manifest.places(folds[0].read_predictions().names))
        started = time.perf_counter()
        for start in range(0, len(cells), BATCH):
            rows = cells[start : start + BATCH]
            y_prob[rows] = model.probabilities(prepared(feeds, rows))
        seconds += time.perf_counter() - started
        called[cells] = y_prob[cells] >= model.threshold("accuracy")
    return Judged(y_prob, called, seconds)


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, nargs="+", help="finished run folders with folds")
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    runs = [open_run(path) for path in asked.run]
    require_alike(runs)
    feeds = [pictures_of(run, None) for run in runs]
    plain, averaged = judged(runs, feeds, tta=False), judged(runs, feeds, tta=True)
    y_true, patients = feeds[0].manifest.labels, feeds[0].manifest.groups
    rows = []
    for what, answer in (("plain", plain), ("averaged", averaged)):
        found = evaluate(y_true, answer.y_prob, patients, called=answer.called)
        rows += [Row(f"{what}: {name}", "", shown(getattr(found, name))) for name in SHOWN]
        at_half = evaluate(y_true, answer.y_prob, patients).blank_false_positive_rate
        rows.append(Row(f"{what}: blank_false_positive_rate at 0.5", "", shown(at_half)))
    for name in COMPARED:
        difference = paired_difference(
            y_true, averaged.scores(name), plain.scores(name), patients, name
        )
        rows.append(Row(f"averaged minus plain: {name}", "", shown(difference)))
    rows.append(Row("time, times that of plain", "", f"{averaged.seconds / plain.seconds:.1f}"))
    publish(rows, {"seconds": [plain.seconds, averaged.seconds]}, asked.out)


if __name__ == "__main__":
    main()
