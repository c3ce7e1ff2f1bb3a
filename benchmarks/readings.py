"""How finished runs, out of fold, agree with the people who read cells again.

Of several readers the cells count that all of them read alike and with certainty; sensitivity is
taken where a share of the control patients' cells is negative, as on films.

Example: python benchmarks/readings.py runs/balanced runs/fast
--readings tools/readings/homework_a.csv --readings tools/readings/homework_b.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from laveran.cells.readings import CellReading, read_readings
from laveran.metrics import Figure, threshold_at_specificity
from laveran.metrics.readings import reading_figures
from laveran.training.folder import Predictions, RunFolder
from results import Row, publish

SHARES = {"where 99% of controls are negative": 0.99, "where 99.8% are": 0.998}
SHOWN = {
    "label_agreement": "the published labels agree with them",
    "agreement": "agreement at 0.5",
    "sensitivity": "parasites found at 0.5",
    **{name: f"parasites found {name}" for name in SHARES},
    "specificity": "cells without any left alone at 0.5",
    "ece": "calibration error",
    "brier": "Brier score",
}
ASKED = {
    "agreement": "at least 0.992 of the random part",
    "where 99% of controls are negative": "at least 0.985",
    "where 99.8% are": "at least 0.95",
}


def read_alike(tables: list[tuple[CellReading, ...]]) -> dict[str, dict[str, int]]:
    """By part, the cells that all readers are certain of and agree on, with what they say."""
    readers = [{row.name: row for row in table} for table in tables]
    parts: dict[str, dict[str, int]] = {}
    for name, row in readers[0].items():
        said = {reader[name].reading if name in reader else None for reader in readers}
        reading = said.pop()
        if not said and reading is not None:
            parts.setdefault(row.part, {})[name] = reading
    return parts


def figures(found: Predictions, truth: dict[str, int]) -> dict[str, int | Figure]:
    """A run's figures on the cells of `truth`."""
    place = {name: index for index, name in enumerate(found.names)}
    cells = np.array([place[name] for name in truth if name in place])
    if not cells.size:
        raise SystemExit("the run has scored none of the cells that were read")
    limits = {
        name: threshold_at_specificity(found.y_true, found.y_prob, found.patients, share)
        for name, share in SHARES.items()
    }
    names = np.array(found.names)[cells]
    return reading_figures(
        found.y_true[cells],
        found.y_prob[cells],
        [truth[name] for name in names],
        np.array(found.patients)[cells],
        limits=limits,
    )


def rows(run: Path, part: str, found: dict[str, int | Figure]) -> list[Row]:
    """The figures of a run on one part, to be shown."""
    whole = [Row(f"{run.name}, {part} cells: certain", "", f"{found['n_certain']}")]
    for name, what in SHOWN.items():
        figure = found[name]
        assert isinstance(figure, Figure)
        asked = ASKED.get(name, "") if part == "random" else ""
        whole.append(Row(f"{run.name}, {part} cells: {what}", asked, shown(figure)))
    return whole


def shown(figure: Figure) -> str:
    """A figure and its interval."""
    if figure.value is None or figure.low is None:
        return "undefined"
    return f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="finished run folders")
    parser.add_argument("--readings", type=Path, action="append", required=True)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    parts = read_alike([read_readings(path) for path in asked.readings])
    table: list[Row] = []
    details: dict[str, Any] = {}
    for run in asked.runs:
        predictions = RunFolder(run).read_predictions()
        for part, truth in sorted(parts.items()):
            found = figures(predictions, truth)
            table += rows(run, part, found)
            details[f"{run.name}, {part}"] = {
                name: value.to_json() if isinstance(value, Figure) else value
                for name, value in found.items()
            }
    publish(table, details, asked.out)


if __name__ == "__main__":
    main()
