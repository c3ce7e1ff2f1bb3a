"""Is dropout an ensemble: runs of several folds, their mean, and each with dropout left on.

Every cell is scored by networks that never saw its patient; nothing is trained. Cells are called
at one operating point, whose threshold each fold's network has of its own; the mean is called at
the mean of its members' thresholds, all as log odds.

Example: python benchmarks/ensembles.py runs/fast runs/balanced --out ensembles.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from laveran import files
from laveran.errors import LaveranError
from laveran.metrics import Figure, evaluate, measure, paired_difference
from laveran.networks.dropout import Averaged, monte_carlo
from laveran.networks.network import load
from laveran.training.feed import Feed, prepare_cells
from laveran.training.finished import FinishedRun, open_run
from laveran.training.folder import RunFolder
from laveran.training.teachers import SAME
from machine import describe, markdown

SHOWN = {
    "accuracy": "accuracy",
    "auroc": "AUROC",
    "blank_false_positive_rate": "blank",
    "sensitivity_at_99_specificity": "sensitivity at 99%",
    "worst_tenth_accuracy": "worst tenth",
    "ece": "ECE",
}
CALLED = ("accuracy", "blank_false_positive_rate", "worst_tenth_accuracy")
DISPUTED_SHARE = 0.1


class Contender(NamedTuple):
    """Somebody's answers to all cells [N]; a network alone has no disagreement."""

    who: str
    y_prob: NDArray[np.float64]
    margin: NDArray[np.float64]  # log odds above those at which a cell is called parasitized
    disagreement: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, who: str, found: Averaged, limit: Tensor) -> Contender:
        """What several opinions average to; called at the log odds `limit` [N]."""
        y_prob = found.probability.double()
        margin = torch.logit(y_prob) - limit
        return cls(who, y_prob.numpy(), margin.numpy(), found.disagreement.double().numpy())

    @property
    def called(self) -> NDArray[np.float64]:
        """1 where a cell is called parasitized [N]."""
        return (self.margin >= 0).astype(np.float64)

    def scores(self, figure: str) -> NDArray[np.float64]:
        """What `figure` is counted on [N]: calls or probabilities."""
        return self.called if figure in CALLED else self.y_prob


class Cells(NamedTuple):
    """What everybody is measured on."""

    names: list[str]
    patients: list[str]
    y_true: NDArray[np.int64]


class Doubt(NamedTuple):
    """How well a score tells somebody's own mistakes from the rest."""

    auroc: Figure
    in_top: float  # share of mistakes among the cells of the highest scores
    of_all: float  # share of the mistakes that are among them


def require_alike(runs: Sequence[FinishedRun]) -> None:
    """Refuse runs of which one's network may have seen patients that another is measured on."""
    if len({run.folder.path.name for run in runs}) < len(runs):
        raise SystemExit("two runs have one name; rename a folder, or give each run once")
    first = runs[0].config["run"]
    if first["folds"] < 2 or first["by"] != "patient":
        raise SystemExit(f"{runs[0].name} has no folds of whole patients; train it with --folds")
    for run in runs[1:]:
        for name in SAME:
            there = run.config["run"].get(name)
            if there != first[name]:
                raise SystemExit(
                    f"{run.name} was trained with another {name} ({there}) than {runs[0].name} "
                    f"({first[name]}); give runs that were trained alike"
                )
        for ours, theirs in zip(runs[0].fits, run.fits, strict=True):
            if set(ours.read_predictions().names) != set(theirs.read_predictions().names):
                raise SystemExit(f"{theirs.path} was measured on other cells than {ours.path}")


def out_of_fold(run: FinishedRun, cells: Cells) -> NDArray[np.float32]:
    """The run's calibrated logits [N]."""
    logit = dict(zip(run.predictions.names, run.predictions.logit.tolist(), strict=True))
    return np.array([logit[name] for name in cells.names], np.float32)


def limits(run: FinishedRun, cells: Cells, point: str) -> Tensor:
    """The log odds at which each cell [N] is called parasitized, by the network that scored it."""
    limit = {}
    for fold in run.fits:
        points = (fold.read_metrics() or {})["operating_points"]
        (threshold,) = [each["threshold"] for each in points if each["name"] == point] or [None]
        if threshold is None:
            known = ", ".join(each["name"] for each in points)
            raise SystemExit(f"{fold.path} has no operating point {point!r}; it has {known}")
        odds = float(np.log(threshold) - np.log1p(-threshold))
        limit |= dict.fromkeys(fold.read_predictions().names, odds)
    return torch.tensor([limit[name] for name in cells.names], dtype=torch.float64)


def pictures_of(run: FinishedRun, data: Path | None) -> Feed:
    """The cells as the run's networks take them, from where its config.toml says, or `data`."""
    said, recipe = run.config["run"], run.recipe
    source, labels = (data, None) if data else (said["data"], said["labels"] or None)
    feed = prepare_cells(source, labels, crop=recipe.crop, size_px=recipe.size_px)
    there = {cell.name: cell.sha256 for cell in feed.manifest}
    if any(there.get(cell.name) != cell.sha256 for cell in run.cells):
        raise SystemExit(f"{source} does not hold the cells of {run.name}; say by --data what does")
    return feed


def with_dropout(run: FinishedRun, feed: Feed, cells: Cells, passes: int, seed: int) -> Averaged:
    """What each fold's own network says of its patients [N] with dropout left on."""
    names: list[str] = []
    parts: list[Averaged] = []
    for fold in run.fits:
        inside = fold.read_predictions().names
        pictures = feed.pictures[feed.manifest.places(inside)]
        parts.append(ask(fold, pictures, passes, seed))
        names += inside
        print(f"{fold.path}: {passes} passes", file=sys.stderr, flush=True)
    row = {name: index for index, name in enumerate(names)}
    order = torch.tensor([row[name] for name in cells.names])
    return Averaged(*(torch.cat(part)[order] for part in zip(*parts, strict=True)))


def ask(fold: RunFolder, pictures: NDArray[np.uint8], passes: int, seed: int) -> Averaged:
    """What a fold's network says of pictures [n, S, S, 3] with dropout left on."""
    temperature = (fold.read_metrics() or {})["temperature"]
    planes = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    return monte_carlo(load(fold.path), planes, passes, seed=seed, temperature=temperature)


def contenders(
    runs: Sequence[FinishedRun], cells: Cells, asked: argparse.Namespace
) -> list[Contender]:
    """Each run alone, their mean, each with dropout."""
    logits = torch.from_numpy(np.stack([out_of_fold(run, cells) for run in runs]))  # [M, N]
    limit = torch.stack([limits(run, cells, asked.at) for run in runs])  # [M, N]
    names = [run.folder.path.name for run in runs]
    found = [
        Contender(name, torch.sigmoid(logit).numpy(), (logit - called_at).numpy())
        for name, logit, called_at in zip(names, logits.double(), limit, strict=True)
    ]
    if len(runs) > 1:
        found.append(Contender.of(f"mean of {len(runs)}", Averaged.of(logits), limit.mean(0)))
    for name, run, called_at in zip(names, runs, limit, strict=True) if asked.passes else ():
        feed = pictures_of(run, asked.data)
        opinion = with_dropout(run, feed, cells, asked.passes, asked.seed)
        found.append(Contender.of(f"{name}, dropout", opinion, called_at))
    return found


def doubt(mistake: NDArray[np.bool_], score: NDArray[np.float64], patients: list[str]) -> Doubt:
    """Judge a score 0..1 [N] that is to be high where somebody errs."""
    top = np.argsort(-score, kind="stable")[: round(DISPUTED_SHARE * len(score))]
    caught = mistake[top].sum()
    auroc = measure("auroc", mistake.astype(int), score, patients)
    return Doubt(auroc, caught / len(top), caught / max(mistake.sum(), 1))


def doubts(of: Contender, cells: Cells) -> dict[str, Any]:
    """How well somebody's disagreement, and the closeness to a call, tell the own mistakes."""
    mistake = of.called != cells.y_true
    uncertainty = 1 - np.abs(np.tanh(of.margin / 2))  # 1 - 2 |p - 0.5| of the margin's p
    found: dict[str, Any] = {
        "mistakes": int(mistake.sum()),
        "uncertainty": doubt(mistake, uncertainty, cells.patients),
    }
    if of.disagreement is not None:
        found["disagreement"] = doubt(mistake, of.disagreement, cells.patients)
        found["difference"] = paired_difference(
            mistake.astype(int), of.disagreement, uncertainty, cells.patients, "auroc"
        )
    return found


def shown(figure: Figure, name: str, *, signed: bool = False) -> str:
    """A figure and its interval: in percent, but for areas and calibration errors."""
    if figure.value is None:
        return ""
    scale, form = (1, ".4f") if name in {"auroc", "ece"} else (100, ".2f")
    sign = "+" if signed else ""
    middle = f"{scale * figure.value:{sign}{form}}"
    if figure.low is None or figure.high is None:
        return middle
    return f"{middle} ({scale * figure.low:{sign}{form}} to {scale * figure.high:{sign}{form}})"


def shares(found: Doubt) -> str:
    """Mistakes at the top of a score."""
    return f"{found.in_top:.1%} of it, {found.of_all:.1%} of all"


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in markdown."""
    print(f"\n{title}\n\n| {' | '.join(header)} |\n{'|---' * len(header)}|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def compare(found: Sequence[Contender], cells: Cells) -> dict[str, Any]:
    """Print figures and paired differences to the first; return them."""
    figures = {
        of.who: evaluate(cells.y_true, of.y_prob, cells.patients, called=of.called) for of in found
    }
    differences = {
        of.who: {
            name: paired_difference(
                cells.y_true, of.scores(name), found[0].scores(name), cells.patients, name
            )
            for name in SHOWN
        }
        for of in found[1:]
    }
    header = ["", *SHOWN.values()]
    rows = [[who, *(shown(getattr(of, n), n) for n in SHOWN)] for who, of in figures.items()]
    table("Figures, out of fold:", header, rows)
    rows = [
        [who, *(shown(of[n], n, signed=True) for n in SHOWN)] for who, of in differences.items()
    ]
    table(f"Minus {found[0].who}, paired by patient:", header, rows)
    return {
        "figures": {who: of.to_json() for who, of in figures.items()},
        "differences": {
            who: {name: figure.to_json() for name, figure in of.items()}
            for who, of in differences.items()
        },
    }


def compare_doubts(found: Sequence[Contender], cells: Cells) -> dict[str, Any]:
    """Print who knows the own mistakes; return it."""
    all_doubts = {of.who: doubts(of, cells) for of in found}
    header = ["", "mistakes", "AUROC of the closeness", "AUROC of disagreement", "difference"]
    header += ["most uncertain tenth", "most disputed tenth"]
    rows = []
    for who, of in all_doubts.items():
        row = [who, str(of["mistakes"]), shown(of["uncertainty"].auroc, "auroc"), "", ""]
        row += [shares(of["uncertainty"]), ""]
        if "disagreement" in of:
            row[3] = shown(of["disagreement"].auroc, "auroc")
            row[4] = shown(of["difference"], "auroc", signed=True)
            row[6] = shares(of["disagreement"])
        rows.append(row)
    table("Who knows the own mistakes:", header, rows)
    return {
        who: {name: plain(value) for name, value in of.items()} for who, of in all_doubts.items()
    }


def plain(value: int | Figure | Doubt) -> Any:
    """As JSON has it."""
    if isinstance(value, Doubt):
        return value._asdict() | {"auroc": value.auroc.to_json()}
    return value.to_json() if isinstance(value, Figure) else value


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="finished runs of train --folds K")
    parser.add_argument("--data", type=Path, help="their cells, if no longer where they were")
    parser.add_argument("--at", default="accuracy", help="operating point")
    parser.add_argument("--passes", type=int, default=20, help="with dropout; 0 for none")
    parser.add_argument("--seed", type=int, default=0, help="of dropout")
    parser.add_argument("--out", "--json", type=Path, help="JSON to write")
    asked = parser.parse_args()
    try:
        runs = [open_run(path) for path in asked.runs]
        require_alike(runs)
        known = runs[0].predictions
        cells = Cells(known.names, known.patients, known.y_true)
        found = contenders(runs, cells, asked)
    except LaveranError as error:
        raise SystemExit(str(error)) from error
    machine = describe()
    print(f"{markdown(machine)}\n\n{len(cells.names):,} cells, called at {asked.at}")
    values = {"machine": machine, "at": asked.at, "passes": asked.passes, "seed": asked.seed}
    values |= compare(found, cells) | {"doubts": compare_doubts(found, cells)}
    if asked.out:
        files.write_text(asked.out, json.dumps(values, indent=2) + "\n")


if __name__ == "__main__":
    main()
