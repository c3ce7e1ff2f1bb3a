"""A finished run folder, as far as an audit needs it: predictions on cells held out."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import UNKNOWN, Manifest, read_manifest
from laveran.cells.names import NameIndex
from laveran.errors import DataError, ModelError

_FOLD = re.compile(r"fold (\d+)")
_PATIENTS_MET = (
    "the networks of {run} may have learned from other cells of the patients that they judged, and "
    "so repeat mistakes of their labels; train with known patients, kept whole"
)


@dataclass(frozen=True)
class AuditedRun:
    """What a run says of the cells that it did not learn from.

    Attributes:
        path: The run folder.
        probability: Calibrated probability of "parasitized", by name.
        manifest: The cells of the run.
        part: The part or fold of each cell, by name.
    """

    path: Path
    probability: dict[str, float]
    manifest: Manifest
    part: dict[str, str]

    @property
    def patients_met(self) -> bool:
        """Whether its networks may have learned from other cells of the patients they judged."""
        groups = self.manifest.groups.tolist()
        sides = {
            (group, self.part[name])
            for group, name in zip(groups, self.manifest.names, strict=True)
        }
        return self.manifest.grouping != "patient" or len(sides) > len(set(groups))

    @property
    def doubts(self) -> tuple[str, ...]:
        """What makes its judgement doubtful, a sentence each."""
        return (_PATIENTS_MET.format(run=self.path),) if self.patients_met else ()

    def network_of(self, name: str) -> Path:
        """Where the network is that judged the cell `name` without having learned from it."""
        fold = _FOLD.fullmatch(self.part[name])
        return self.path / "folds" / fold[1] if fold else self.path


@dataclass(frozen=True)
class HeldOut:
    """The cells of a manifest that a run judged without having learned from them.

    Attributes:
        index: Where each is in the manifest, int64 [M].
        name: What each is called in the run [M].
        y_true: Its label, the manifest's or else the run's, int64 [M].
        y_prob: The run's probability of "parasitized", float64 [M].
    """

    index: NDArray[np.int64]
    name: list[str]
    y_true: NDArray[np.int64]
    y_prob: NDArray[np.float64]


def read_run(path: Path | str) -> AuditedRun:
    """Read the folder of a finished run.

    Raises:
        ModelError: If it is none, or its training is not finished, or a file is damaged.
    """
    folder = Path(path)
    if not (folder / "metrics.json").is_file():
        raise ModelError(
            f"{folder} is not the folder of a finished run (it has no metrics.json); "
            "give one that laveran train has left"
        )
    if (best := folder / "best" / "predictions.csv").is_file():
        raise ModelError(
            f"{folder} is the folder of a search; give that of its best run, {best.parent}"
        )
    try:
        manifest = read_manifest(folder / "cells.csv")
    except DataError as error:
        raise ModelError(f"{folder} cannot be audited: {error}") from error
    rows = _rows(folder / "predictions.csv", "name", "probability")
    parts = _rows(folder / "cells.csv", "name", "part")
    try:
        probability = {name: float(value) for name, value in rows.items()}
    except ValueError as error:
        raise ModelError(f"{folder / 'predictions.csv'} is damaged: {error}") from error
    if unknown := probability.keys() - parts.keys():
        raise ModelError(
            f"{folder / 'predictions.csv'} is of other cells than cells.csv, such as "
            f"{min(unknown)!r}; train again"
        )
    return AuditedRun(folder, probability, manifest, parts)


def judged(run: AuditedRun, manifest: Manifest) -> HeldOut:
    """Find the cells of `manifest` that `run` judged.

    Raises:
        DataError: If it judged none of them, or a cell of that name was another picture then.
    """
    index = NameIndex(run.manifest.names)
    then = {cell.name: cell for cell in run.manifest}
    found = [(place, index.find(cell.name)) for place, cell in enumerate(manifest)]
    pairs = [(place, name) for place, name in found if name in run.probability and name]
    if not pairs:
        raise DataError(f"the run {run.path} judged none of these cells; it is of other data")
    for place, name in pairs:
        if then[name].sha256 != manifest[place].sha256:
            raise DataError(
                f"{manifest[place].name!r} is another picture than in the run {run.path}; "
                "audit the data that the run was trained on"
            )
    labels = [
        then[name].label if manifest[place].label is None else manifest[place].label
        for place, name in pairs
    ]
    return HeldOut(
        np.array([place for place, _ in pairs]),
        [name for _, name in pairs],
        np.array([UNKNOWN if label is None else label for label in labels], np.int64),
        np.array([run.probability[name] for _, name in pairs]),
    )


def _rows(path: Path, name: str, value: str) -> dict[str, str]:
    """Two columns of a CSV file, one by the other."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {row[name]: row[value] for row in csv.DictReader(file)}
    except (OSError, KeyError, csv.Error, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read ({error}); train again") from error
