"""How good a recipe gets with how many patients: would more of the same data help?

The patients of each fold's training part are taken in a random order, a share of them at a time;
every cell is scored by a network that never saw its patient. What is done is kept in --out.

Example: python benchmarks/learning_curve.py train_data.zip train_labels.csv --out curve
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import tomli_w
from numpy.typing import NDArray

from laveran import files
from laveran.cells.splits import folds as assign_folds
from laveran.metrics import calibrated, evaluate
from laveran.training.batches import score
from laveran.training.feed import prepare_cells
from laveran.training.folder import RunFolder
from laveran.training.job import Job
from laveran.training.recipe import load_recipe
from laveran.training.train import accelerator_for, fit_parts
from results import Row, publish, shown

SHARES = (0.125, 0.25, 0.5, 1.0)
SHOWN = ("accuracy", "auroc", "blank_false_positive_rate", "sensitivity_at_99_specificity")


def taught(job: Job, test: NDArray[np.bool_], share: float, seed: int) -> NDArray[np.bool_]:
    """The cells of a share of the patients that are not in `test` [N]; shares are nested."""
    rest = np.unique(job.groups[~test])
    order = np.random.default_rng(seed).permutation(rest)
    return np.isin(job.groups, order[: max(2, round(share * len(order)))])


def raw_logits(
    job: Job, train: NDArray[np.bool_], test: NDArray[np.bool_], folder: Path
) -> NDArray[np.float32]:
    """What a network trained on some cells says of others; from `folder` if it is there."""
    kept = folder / "logits.npy"
    if kept.is_file():
        return np.asarray(np.load(kept), np.float32)
    fitted = fit_parts(job, RunFolder(folder), train, None, folder.name)
    logits = score(fitted.network, job.cells(test), job.accelerator.device).logit
    with files.replacing(kept) as scratch, scratch.open("wb") as file:
        np.save(file, logits)
    return logits


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="zip of cells")
    parser.add_argument("labels", type=Path, help="their labels")
    parser.add_argument("--recipe", default="fast")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--epochs", type=int, help="instead of the recipe's, to try the script")
    parser.add_argument("--out", type=Path, required=True, help="folder for everything")
    asked = parser.parse_args()
    recipe = load_recipe(asked.recipe).replace(epochs=asked.epochs)
    feed = prepare_cells(asked.data, asked.labels, crop=recipe.crop, size_px=recipe.size_px)
    job = Job(feed, recipe, 0, "patient", "", "", accelerator_for(recipe), None)
    asked_of = {"data_sha256": feed.manifest.checksum, "folds": asked.folds}
    settings = {"run": asked_of, "recipe": recipe.model_dump(mode="json")}
    RunFolder(asked.out).claim(tomli_w.dumps(settings))
    division = assign_folds(feed.manifest, asked.folds, seed=0, by="patient").parts
    rows: list[Row] = []
    details: dict[str, object] = {}
    for share in SHARES:
        logits = np.zeros(len(job.labels), np.float32)
        patients = []
        for fold in range(asked.folds):
            test = division == fold
            train = taught(job, test, share, fold)
            patients.append(len(set(job.groups[train])))
            folder = asked.out / f"share-{share:g}-fold-{fold}"
            logits[test] = raw_logits(job, train, test, folder)
            print(f"{folder.name} is done", file=sys.stderr, flush=True)
        found = evaluate(job.labels, calibrated(logits), job.groups)
        what = f"{np.mean(patients):.0f} patients"
        rows += [Row(f"{what}: {name}", "", shown(getattr(found, name))) for name in SHOWN]
        details[what] = found.to_json()
    publish(rows, details, asked.out / "curve.json")


if __name__ == "__main__":
    main()
