"""The division that all methods share: which cells teach, which stop and tune, which are scored.

It is that of a finished run's fold, so that nothing of ours is trained again; a method that was
trained or scored on anything else is refused.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran import files
from laveran.audit.leakage import find_leaks
from laveran.cells.manifest import Manifest, read_manifest
from laveran.cells.splits import PARTS
from laveran.training.folder import RunFolder

HEADER = ("name", "patient", "label", "probability")


@dataclass(frozen=True)
class Division:
    """All cells, and the part of each: "train", "valid" or "test", str [N]."""

    manifest: Manifest
    parts: NDArray[np.str_]

    def part(self, name: str) -> Manifest:
        """The cells of one part."""
        return self.manifest.select(np.flatnonzero(self.parts == name))

    @property
    def checksum(self) -> str:
        """Hex SHA-256 over every cell and its part."""
        digest = hashlib.sha256(self.manifest.checksum.encode())
        digest.update("\n".join(self.parts).encode())
        return digest.hexdigest()

    def thinned(self, limit: int | None) -> Division:
        """The same with about `limit` cells to train on, evenly taken, to try a script."""
        train = np.flatnonzero(self.parts == "train")
        if limit is None or limit >= train.size:
            return self
        kept = train[np.linspace(0, train.size - 1, limit).astype(int)]
        chosen = np.sort(np.concatenate([kept, np.flatnonzero(self.parts != "train")]))
        return Division(self.manifest.select(chosen), self.parts[chosen])


def read_division(fold: Path) -> Division:
    """The division that a fold of a finished run was trained by; SystemExit if it is none."""
    if not (fold / "metrics.json").is_file():
        raise SystemExit(
            f"{fold} holds no finished fold; give a run that was trained with --folds, finished by "
            "--resume (a model file alone does not tell which patients it has seen)"
        )
    manifest = read_manifest(fold / "cells.csv")
    with (fold / "cells.csv").open(newline="", encoding="utf-8") as file:
        parts = np.array([row["part"] for row in csv.DictReader(file)])
    if set(parts) != set(PARTS):
        raise SystemExit(f"{fold}/cells.csv does not have the parts {', '.join(PARTS)}")
    _require_whole_patients(fold, manifest, parts)
    return Division(manifest, parts)


def shared_division(folds: Mapping[str, Path]) -> Division:
    """The one division of several runs' folds; SystemExit where one was divided otherwise.

    Args:
        folds: Folder of the fold by name of the method.
    """
    (first, reference), *others = ((name, read_division(folder)) for name, folder in folds.items())
    for name, division in others:
        if division.checksum != reference.checksum:
            raise SystemExit(
                f"{name} and {first} were not trained on the same division; train both with the "
                "same data, folds and seed"
            )
    for name, folder in folds.items():
        predictions = RunFolder(folder).read_predictions()
        if dict(zip(predictions.names, predictions.y_true.tolist(), strict=True)) != _labels(
            reference.part("test")
        ):
            raise SystemExit(f"{folder}/predictions.csv does not score the test part of {name}")
    return reference


def write_scores(path: Path, test: Manifest, y_prob: ArrayLike) -> None:
    """Write the probability of every cell of `test`."""
    scores = np.asarray(y_prob, np.float64).tolist()
    rows = (
        (cell.name, cell.patient, cell.label, f"{score:.9g}")
        for cell, score in zip(test, scores, strict=True)
    )
    files.write_csv(path, HEADER, rows)


def read_scores(path: Path, test: Manifest) -> NDArray[np.float64]:
    """What `write_scores` wrote [N]; SystemExit if those are not exactly the cells of `test`."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if {row["name"]: int(row["label"]) for row in rows} != _labels(test) or len(rows) != len(test):
        raise SystemExit(f"{path} scores other cells than the test part; delete it to score again")
    by_name = {row["name"]: float(row["probability"]) for row in rows}
    return np.array([by_name[name] for name in test.names])


def _labels(cells: Manifest) -> dict[str, int]:
    return dict(zip(cells.names, cells.labels.tolist(), strict=True))


def _require_whole_patients(fold: Path, manifest: Manifest, parts: NDArray[np.str_]) -> None:
    """Refuse a division that has one patient in two parts, or does not know its patients."""
    if manifest.grouping != "patient":
        raise SystemExit(f"{fold}: the patients of some cells are not known")
    for leak in find_leaks(manifest.patients.tolist(), parts.tolist()):
        raise SystemExit(f"{fold}: patient {leak.group} is in {' and in '.join(leak.cells)}")
