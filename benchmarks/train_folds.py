"""Train a recipe on real data: how long a fit takes, how good it is out of fold.

A finished run folder is not trained again, only read; with --against, two runs are compared.

Example: python benchmarks/train_folds.py train_data.zip train_labels.csv --recipe fast
--run runs/fast --out fast.json
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from laveran.metrics import Figure, paired_difference
from laveran.training.folder import RunFolder
from machine import use_cores
from results import Row, publish, shown
from timing import LAVERAN, whole_process

ASKED = {"fast": ("under 150 s", "at least 0.955"), "balanced": ("under 720 s", "at least 0.958")}
SHOWN = {
    "accuracy": "accuracy, all cells out of fold",
    "auroc": "AUROC",
    "mcc": "MCC",
    "sensitivity_at_99_specificity": "sensitivity where 99% of controls' cells are negative",
    "blank_false_positive_rate": "false positives on controls",
}


def single_fit(train: list[str]) -> float:
    """Seconds of one fit from zip to run folder, as a whole process, nothing cached."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"LAVERAN_CACHE": f"{folder}/cache"}
        cost = whole_process(*train, "--out", f"{folder}/run", environment=environment)
    print(f"one fit: {cost.seconds:.1f} s", file=sys.stderr, flush=True)
    return cost.seconds


def fold_rows(run: RunFolder, asked_accuracy: str) -> tuple[list[Row], dict[str, Any]]:
    """The figures of a finished run, and what is behind them."""
    pooled = run.read_metrics()
    folds = [
        json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        for folder in sorted((run.path / "folds").iterdir(), key=lambda path: int(path.name))
    ]
    if pooled is None:
        raise SystemExit(f"{run.path} holds no finished run")
    each = [fold["accuracy"]["value"] for fold in folds]
    spread = f"{statistics.mean(each):.4f} ({', '.join(f'{value:.4f}' for value in each)})"
    what = f"accuracy, mean of {len(each)} folds (each), at their own thresholds"
    rows = [Row(what, asked_accuracy, spread)]
    rows += [Row(what, "", shown(Figure(**pooled[name]))) for name, what in SHOWN.items()]
    return rows, {"pooled": pooled, "folds": folds}


def comparison(run: RunFolder, other: RunFolder) -> list[Row]:
    """The paired differences of two runs on the cells that both have scored out of fold."""
    a, b = run.read_predictions(), other.read_predictions()
    place = {name: index for index, name in enumerate(b.names)}
    common = [index for index, name in enumerate(a.names) if name in place]
    there = [place[a.names[index]] for index in common]
    if not common or (a.y_true[common] != b.y_true[there]).any():
        raise SystemExit(f"{run.path} and {other.path} did not score the same labelled cells")
    patients = [a.patients[index] for index in common]
    rows = []
    for point in (name for name in a.called if name in b.called):
        ours, theirs = (of.called[point].astype(float) for of in (a, b))
        for name in ("accuracy", "blank_false_positive_rate"):
            difference = paired_difference(
                a.y_true[common], ours[common], theirs[there], patients, name
            )
            what = f"{SHOWN[name]} at {point}: {run.path.name} minus {other.path.name}"
            rows.append(Row(f"{what}, {len(common):,} cells", "", shown(difference)))
    return rows


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="zip of cells")
    parser.add_argument("labels", type=Path, help="their labels")
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="instead of the recipe's, to try the script")
    parser.add_argument("--run", type=Path, required=True, help="run folder, made or read")
    parser.add_argument("--against", type=Path, help="another finished run folder")
    parser.add_argument("--fits", type=int, default=1, help="single fits to time; 0 for none")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    use_cores(asked.cores)
    asked_seconds, asked_accuracy = ASKED.get(asked.recipe, ("", ""))
    train = [LAVERAN, "train", str(asked.data), str(asked.labels), "--recipe", asked.recipe]
    train += ["--epochs", str(asked.epochs)] if asked.epochs else []
    fits = [single_fit(train) for _ in range(asked.fits)]
    run = RunFolder(asked.run)
    if run.read_metrics() is None:
        whole_process(*train, "--folds", str(asked.folds), "--out", asked.run, "--resume")
    rows, details = fold_rows(run, asked_accuracy)
    if fits:
        time = f"{statistics.median(fits):.1f} s"
        rows.insert(0, Row("one fit, from zip to run folder", asked_seconds, time))
    if asked.against:
        rows += comparison(run, RunFolder(asked.against))
    publish(rows, {"recipe": asked.recipe, "fit seconds": fits, **details}, asked.out)


if __name__ == "__main__":
    main()
