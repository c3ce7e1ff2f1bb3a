"""What averaging over the eight flips and turns gives a finished run of several folds, and costs.

Every cell is judged by the model file of a fold that never saw its patient; nothing is trained.

Example: python benchmarks/symmetries.py runs/fast --out symmetries.json
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensembles import pictures_of
from laveran.metrics import evaluate, paired_difference
from laveran.model.runtime import BATCH, load
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


def judged(run: FinishedRun, feed: Feed, *, tta: bool) -> Judged:
    """What the networks of the folds say, each called at its operating point `accuracy`."""
    y_prob = np.full(len(feed.manifest), np.nan)
    called = np.full(len(feed.manifest), np.nan)
    seconds = 0.0
    for fold in run.fits:
        model = load(fold.path, tta=tta)
        cells = np.sort(feed.manifest.places(fold.read_predictions().names))
        started = time.perf_counter()
        for start in range(0, len(cells), BATCH):
            rows = cells[start : start + BATCH]
            y_prob[rows] = model.probabilities(np.asarray(feed.pictures[rows]))
        seconds += time.perf_counter() - started
        called[cells] = y_prob[cells] >= model.contract.operating_point("accuracy").threshold
    return Judged(y_prob, called, seconds)


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="finished run folder with folds")
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    run = open_run(asked.run)
    feed = pictures_of(run, None)
    plain, averaged = judged(run, feed, tta=False), judged(run, feed, tta=True)
    y_true, patients = feed.manifest.labels, feed.manifest.groups
    rows = []
    for what, answer in (("plain", plain), ("averaged", averaged)):
        found = evaluate(y_true, answer.y_prob, patients, called=answer.called)
        rows += [Row(f"{what}: {name}", "", shown(getattr(found, name))) for name in SHOWN]
    for name in COMPARED:
        difference = paired_difference(
            y_true, averaged.scores(name), plain.scores(name), patients, name
        )
        rows.append(Row(f"averaged minus plain: {name}", "", shown(difference)))
    rows.append(Row("time, times that of plain", "", f"{averaged.seconds / plain.seconds:.1f}"))
    publish(rows, {"seconds": [plain.seconds, averaged.seconds]}, asked.out)


if __name__ == "__main__":
    main()
