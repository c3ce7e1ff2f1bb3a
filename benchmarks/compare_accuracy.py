"""Laveran's runs beside emfet's features, a notebook's ResNet-18 and an MLP, on the same patients.

All share the division of a fold of `laveran train --folds 5`: the runs are given finished, the
rivals learn on the same train part, stop on the same valid part and are scored on the same test
part. What a rival came to is kept in --out, so that a second run only trains what is missing.

Example: python benchmarks/compare_accuracy.py train_data.zip train_labels.csv
--run fast=runs/fast --run balanced=runs/balanced --out comparison
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from accuracy import notebooks
from accuracy.chart import drawing
from accuracy.division import Division, read_division, read_scores, shared_division
from accuracy.forest import EMFET, Emfet, interpreter
from accuracy.method import Facts, Judge, Picture
from accuracy.notebooks import IMAGENET, MLP, RANDOM, RESNET, Notebook
from accuracy.outcome import Outcome, Scored, markdown
from accuracy.runs import check_model, read_pictures, run_calls, run_facts, run_scores
from accuracy.speed import TIMED, contenders
from laveran import files
from laveran.model.runtime import load as load_model
from machine import describe, use_cores
from machine import markdown as machine_line
from timing import Figures, median, take_turns

RIVALS = (EMFET, RESNET, MLP)
DEVELOPED = (
    "Laveran's recipes were developed on folds of the same data, so the figures of its runs may "
    "promise a little more than new patients will keep; the ResNet-18 and the MLP were not tuned."
)
Folds = dict[int, dict[str, Path]]  # folder of each run's fold, by fold and name of the run


def rival_notebooks(asked: argparse.Namespace) -> dict[str, Notebook]:
    """The rivals that torch trains."""
    weights = asked.resnet_weights
    if weights not in (IMAGENET, RANDOM) and not Path(weights).is_file():
        raise SystemExit(f"there are no weights at {weights}; give imagenet, random or a file")
    rate = 1e-3 if weights == RANDOM else 1e-4
    both = {
        RESNET: Notebook(RESNET, asked.resnet_px, asked.resnet_epochs, rate, weights),
        MLP: Notebook(MLP, 64, asked.mlp_epochs, 3e-4),
    }
    return {name: notebook for name, notebook in both.items() if name in asked.rivals}


def main(words: Sequence[str] | None = None) -> None:
    """Train what is missing, score, time, publish."""
    asked = parsed(words)
    use_cores(asked.cores)
    cv2.setNumThreads(1)
    runs = dict(asked.run)
    folds: Folds = {
        number: {name: path / "folds" / str(number) for name, path in runs.items()}
        for number in asked.folds
    }
    divisions = {n: shared_division(each).thinned(asked.limit) for n, each in folds.items()}
    whole = read_division(next(iter(folds[asked.folds[0]].values()))).manifest
    pictures = read_pictures(asked.data, asked.labels, whole)
    emfet = None
    if EMFET in asked.rivals:
        emfet = Emfet(interpreter(asked.emfet_python, asked.out), asked.data, asked.cores)
    facts, scores = train_and_score(asked, runs, folds, divisions, pictures, emfet)
    speeds = measure_speeds(asked, folds, divisions, pictures, emfet)
    publish(asked, folds, divisions, facts, scores, speeds)


def train_and_score(
    asked: argparse.Namespace,
    runs: dict[str, Path],
    folds: Folds,
    divisions: dict[int, Division],
    pictures: dict[str, Picture],
    emfet: Emfet | None,
) -> tuple[dict[str, Facts], dict[str, list[np.ndarray]]]:
    """The facts of each method in the first fold, and its scores of the test part of each."""
    facts: dict[str, Facts] = {}
    scores: dict[str, list[np.ndarray]] = {}
    threads = asked.train_threads or asked.cores
    for number, division in divisions.items():
        test, folder = division.part("test"), asked.out / f"fold-{number}"
        shown = [pictures[name] for name in test.names]
        for name, fold in folds[number].items():
            facts.setdefault(name, run_facts(name, runs[name], fold))
            scores.setdefault(name, []).append(run_scores(fold, test))
            check_model(name, load_model(fold).predict, shown, scores[name][-1])
        rivals: dict[str, Callable[[], Facts]] = {}
        if emfet:
            rivals[EMFET] = partial(emfet.fit, division, folder)
        for name, notebook in rival_notebooks(asked).items():
            rivals[name] = partial(notebooks.train, notebook, division, pictures, folder, threads)
        for name, train in rivals.items():
            found = train()
            facts.setdefault(name, found)
            scores.setdefault(name, []).append(read_scores(folder / f"{name}.csv", test))
    return facts, scores


def measure_speeds(
    asked: argparse.Namespace,
    folds: Folds,
    divisions: dict[int, Division],
    pictures: dict[str, Picture],
    emfet: Emfet | None,
) -> list[Figures]:
    """Rounds of cells a second, of the models of the first fold."""
    if not asked.rounds:
        return []
    number, division = next(iter(divisions.items()))
    folder = asked.out / f"fold-{number}"
    judges: dict[str, Judge] = {
        name: load_model(fold).predict for name, fold in folds[number].items()
    }
    for name, notebook in rival_notebooks(asked).items():
        judges[name] = notebooks.load(notebook, folder)
    torch.set_num_threads(1)
    test = division.part("test")
    cells = test.select(range(min(asked.speed_cells, len(test))))
    with contenders(judges, emfet, cells, pictures, folder, asked.cores) as ready:
        return take_turns(ready, asked.rounds)


def publish(
    asked: argparse.Namespace,
    folds: Folds,
    divisions: dict[int, Division],
    facts: dict[str, Facts],
    scores: dict[str, list[np.ndarray]],
    speeds: list[Figures],
) -> None:
    """Print the table; write table, picture and JSON."""
    tests = [division.part("test") for division in divisions.values()]
    scored = Scored(
        np.concatenate([test.labels for test in tests]),
        np.concatenate([test.patients for test in tests]),
    )
    probabilities = {name: np.concatenate(each) for name, each in scores.items()}
    first, *_ = probabilities
    ours = [name for name, _ in asked.run]
    called = {name: y_prob >= 0.5 for name, y_prob in probabilities.items()}
    for name in ours:
        parts = [run_calls(folds[n][name], each.part("test")) for n, each in divisions.items()]
        called[name] = np.concatenate(parts)
    outcomes = [
        scored.outcome(
            name,
            facts[name],
            y_prob,
            called[name],
            None if name == first else (first, called[first]),
            ours=name in ours,
            cells_per_second=median(speeds, name) if speeds else None,
        )
        for name, y_prob in probabilities.items()
    ]
    heading, notes = explained(asked, divisions, outcomes, len(scored.y_true))
    table = markdown(outcomes, heading, notes)
    details: dict[str, Any] = {
        "machine": describe(),
        "protocol": heading,
        "notes": notes,
        "methods": [outcome.to_json() for outcome in outcomes],
        "rounds": speeds,
    }
    print(f"{machine_line(describe())}\n\n{table}")
    files.write_text(asked.out / "accuracy.json", json.dumps(details, indent=2) + "\n")
    files.write_text(asked.out / "accuracy.md", table)
    files.write_text(asked.out / "accuracy.svg", drawing(outcomes) + "\n")


def explained(
    asked: argparse.Namespace,
    divisions: dict[int, Division],
    outcomes: list[Outcome],
    n_cells: int,
) -> tuple[str, list[str]]:
    """What was scored, and what holds for all methods."""
    n_train, n_valid = (
        np.mean([(division.parts == part).sum() for division in divisions.values()])
        for part in ("train", "valid")
    )
    patients, numbers = outcomes[0].evaluation.n_patients, ", ".join(map(str, divisions))
    heading = (
        f"{n_cells:,} cells of {patients} patients that the method never saw (test part of fold "
        f"{numbers} of the runs), published labels, called parasitized from a probability of 0.5, "
        "by the runs at their operating point `accuracy`; in brackets 95% intervals by resampling "
        "patients."
    )
    same = (
        f"All learned from the same {n_train:,.0f} cells, by the labels as published unless said "
        f"otherwise, and stopped by the same {n_valid:,.0f} cells of other patients; emfet's "
        "forest has nothing to stop."
    )
    notes = [same, DEVELOPED]
    if asked.limit:
        notes.append(f"A trial of the script: the rivals had only {asked.limit:,} cells.")
    if asked.rounds:
        first = next(iter(divisions.values())).part("test")
        cells = min(asked.speed_cells, len(first))
        notes.append(TIMED.format(cores=asked.cores, cells=cells, rounds=asked.rounds))
    return heading, notes


def named_run(given: str) -> tuple[str, Path]:
    """`NAME=FOLDER` as a pair."""
    name, equals, folder = given.partition("=")
    if not (name and equals and folder) or name in RIVALS:
        raise argparse.ArgumentTypeError(f"{given!r} is no NAME=FOLDER of a run")
    return name, Path(folder)


def parsed(words: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="zip or folder of cells")
    parser.add_argument("labels", type=Path, help="their labels")
    parser.add_argument(
        "--run",
        type=named_run,
        action="append",
        required=True,
        help="NAME=FOLDER of a finished run with folds; the first is what others are compared to",
    )
    parser.add_argument("--folds", type=int, nargs="+", default=[0], help="which, pooled")
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=RIVALS)
    parser.add_argument("--emfet-python", type=Path, help="of an environment with emfet")
    parser.add_argument(
        "--resnet-weights", default=IMAGENET, help="imagenet, random, or a file of torchvision's"
    )
    parser.add_argument("--resnet-px", type=int, default=96)
    parser.add_argument("--resnet-epochs", type=int, default=8)
    parser.add_argument("--mlp-epochs", type=int, default=20)
    parser.add_argument("--limit", type=int, help="cells for the rivals, to try the script")
    parser.add_argument("--rounds", type=int, default=5, help="of timing; 0 for none")
    parser.add_argument("--speed-cells", type=int, default=1000)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument(
        "--train-threads", type=int, help="of torch; 1 where the cores are busy, else all cores"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for everything")
    return parser.parse_args(words)


if __name__ == "__main__":
    main()
