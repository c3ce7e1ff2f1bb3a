"""How finished runs, out of fold, agree with the people who read cells again.

Of several readers the cells count that all of them read alike and with certainty; sensitivity is
taken where a share of the control patients' cells is negative, as on films. Of several runs the
mean of their calibrated logits is measured too.

Example: python benchmarks/readings.py runs/balanced runs/fast
--readings tools/readings/homework_a.csv --readings tools/readings/homework_b.csv
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from laveran.cells.consensus import agreed, by_cell
from laveran.cells.readings import read_readings
from laveran.metrics import Figure
from laveran.metrics.intervals import plain_figures
from laveran.training.finding import reread_figures
from laveran.training.finished import open_run
from laveran.training.folder import Predictions
from results import Row, publish, shown

SHOWN = {
    "label_agreement": "the published labels agree with them",
    "agreement": "agreement at 0.5",
    "sensitivity": "parasites found at 0.5",
    "sensitivity_at_99_specificity": "parasites found where 99% of controls' cells are negative",
    "sensitivity_at_99_8_specificity": "parasites found where 99.8% are",
    "specificity": "cells without any left alone at 0.5",
    "ece": "calibration error",
    "brier": "Brier score",
}
ASKED = {
    "agreement": "at least 0.992 of the random part",
    "sensitivity_at_99_specificity": "at least 0.985",
    "sensitivity_at_99_8_specificity": "at least 0.95",
}


def mean(runs: Sequence[Predictions]) -> Predictions:
    """What runs say together of the cells of the first."""
    first = runs[0]
    if any(set(each.names) != set(first.names) for each in runs):
        raise SystemExit("the runs were not measured on the same cells, so they have no mean")
    logits = [dict(zip(each.names, each.logit.tolist(), strict=True)) for each in runs]
    logit = np.array([[each[name] for name in first.names] for each in logits], np.float32)
    return replace(first, logit=logit.mean(0), called={})


def rows(who: str, part: str, found: dict[str, int | Figure]) -> list[Row]:
    """The figures of one part, to be shown."""
    whole = [Row(f"{who}, {part} cells: certain", "", f"{found['n_certain']}")]
    for name, what in SHOWN.items():
        figure = found[name]
        assert isinstance(figure, Figure)
        asked = ASKED.get(name, "") if part == "random" else ""
        whole.append(Row(f"{who}, {part} cells: {what}", asked, shown(figure)))
    return whole


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="finished run folders")
    parser.add_argument("--readings", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    tables = [read_readings(path) for path in asked.readings]
    table: list[Row] = []
    details: dict[str, Any] = {}
    if len({run.name for run in asked.runs}) < len(asked.runs):
        raise SystemExit("two runs have one name; rename a folder, or give each run once")
    found_by = {run.name: open_run(run).folder.read_predictions() for run in asked.runs}
    if len(found_by) > 1:
        found_by[f"mean of {len(found_by)}"] = mean(list(found_by.values()))
    for who, predictions in found_by.items():
        parts = agreed(by_cell(predictions.names, tables))
        for part, truth in sorted(parts.items()):
            found = reread_figures(predictions, truth)
            table += rows(who, part, found)
            details[f"{who}, {part}"] = plain_figures(found)
    publish(table, details, asked.out)


if __name__ == "__main__":
    main()
