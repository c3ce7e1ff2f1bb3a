"""The run folder: where each thing that a training leaves is, and how it is written."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.manifest import COLUMNS, Manifest
from laveran.errors import ConfigError, ModelError
from laveran.metrics import calibrated
from laveran.model.kept import KEPT


@dataclass(frozen=True)
class Predictions:
    """Cells of patients that the network never saw, and what it says of them.

    Attributes:
        names: [N].
        patients: Patient, or whatever the split kept whole, of each cell [N].
        y_true: Labels int64 [N].
        logit: Calibrated log odds float32 [N].
        called: Whether the cell reaches each operating point's threshold, bool [N] by name; the
            first is the default.
    """

    names: list[str]
    patients: list[str]
    y_true: NDArray[np.int64]
    logit: NDArray[np.float32]
    called: dict[str, NDArray[np.bool_]]

    @property
    def y_prob(self) -> NDArray[np.float64]:
        """Calibrated probability of "parasitized" [N]."""
        return calibrated(self.logit)

    @property
    def operating_point(self) -> str:
        """Name of the default operating point."""
        return next(iter(self.called))

    @property
    def called_by_default(self) -> NDArray[np.bool_]:
        """Whether the cell is called parasitized there [N]."""
        return self.called[self.operating_point]

    def __add__(self, other: Predictions) -> Predictions:
        """The cells of both, one after the other."""
        return Predictions(
            self.names + other.names,
            self.patients + other.patients,
            np.concatenate([self.y_true, other.y_true]),
            np.concatenate([self.logit, other.logit]),
            {
                name: np.concatenate([called, other.called[name]])
                for name, called in self.called.items()
                if name in other.called  # too few cells may not have allowed a threshold
            },
        )


@dataclass(frozen=True)
class RunFolder:
    """Paths and files of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """Settings of the run, TOML."""
        return self.path / "config.toml"

    @property
    def checkpoint(self) -> Path:
        """State after the last whole epoch."""
        return self.path / "checkpoints" / "last.safetensors"

    @property
    def model(self) -> Path:
        """The model file."""
        return self.path / "model.onnx"

    @property
    def metrics(self) -> Path:
        """Figures, JSON; the last file of a finished run to be written."""
        return self.path / "metrics.json"

    @property
    def predictions(self) -> Path:
        """Predictions on the patients that were not trained on, CSV."""
        return self.path / "predictions.csv"

    @property
    def report(self) -> Path:
        """The page to read."""
        return self.path / "report.html"

    @property
    def skipped(self) -> Path:
        """What was left out of the data, CSV."""
        return self.path / "skipped.csv"

    def fold(self, number: int) -> RunFolder:
        """The folder of one fold."""
        return RunFolder(self.path / "folds" / str(number))

    def check_free(self, *, resume: bool) -> None:
        """Refuse a folder that holds something else, or a run that nobody asked to resume.

        Hidden files do not count: a process that was killed may have left some.

        Raises:
            ConfigError: If so.
        """
        if self.config.exists() and not resume:
            raise ConfigError(
                f"{self.path} holds a run already; go on with it by --resume, "
                f"or choose another --out"
            )
        if self.config.exists() or not self.path.exists():
            return
        if not self.path.is_dir() or any(p.name[0] != "." for p in self.path.iterdir()):
            raise ConfigError(f"{self.path} is in use by something else; choose another --out")

    def claim(self, config: str) -> None:
        """Write `config.toml`, or find the same there; remove what a killed process left.

        Raises:
            ConfigError: If the run there is another.
        """
        ours = {self.checkpoint.stem, *(Path(name).stem for name in KEPT)}
        for hidden in self.path.rglob(".*-*"):
            if hidden.name[1:].rpartition("-")[0] in ours:  # half written
                hidden.unlink()
        if not self.config.exists():
            files.write_text(self.config, config)
        elif _deciding(self.config.read_bytes()) != _deciding(config.encode()):
            raise ConfigError(
                f"the run in {self.path} was started with other data or settings "
                f"(see its config.toml); choose another --out"
            )

    def write_cells(self, manifest: Manifest, parts: Sequence[str]) -> None:
        """Write `cells.csv`: the manifest with the part or fold of each cell."""
        rows = ([*astuple(cell), part] for cell, part in zip(manifest, parts, strict=True))
        files.write_csv(self.path / "cells.csv", [*COLUMNS, "part"], rows)

    def write_history(self, history: list[dict[str, float]]) -> None:
        """Write `history.csv`: a row an epoch."""
        columns = list(dict.fromkeys(key for row in history for key in row))
        rows = ([row.get(column, "") for column in columns] for row in history)
        files.write_csv(self.path / "history.csv", columns, rows)

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write `metrics.json`."""
        files.write_text(self.metrics, json.dumps(metrics, indent=2) + "\n")

    def read_metrics(self) -> dict[str, Any] | None:
        """What `write_metrics` wrote; None if the run is not finished.

        Raises:
            ModelError: If the file is damaged.
        """
        if not self.metrics.is_file():
            return None
        try:
            metrics: dict[str, Any] = json.loads(self.metrics.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(
                f"{self.metrics} cannot be read ({error}); delete it and resume the run"
            ) from error
        return metrics

    def write_predictions(self, predictions: Predictions) -> None:
        """Write `predictions.csv`."""
        points = list(predictions.called)
        rows = zip(
            predictions.names,
            predictions.patients,
            predictions.y_true.tolist(),
            (f"{value:.9g}" for value in predictions.logit.tolist()),
            (f"{value:.6f}" for value in predictions.y_prob.tolist()),
            *(predictions.called[point].astype(int).tolist() for point in points),
            strict=True,
        )
        header = ["name", "patient", "label", "logit", "probability"]
        files.write_csv(self.predictions, header + [f"called at {point}" for point in points], rows)

    def read_predictions(self) -> Predictions:
        """Undo `write_predictions`: the logits come back bit for bit.

        Raises:
            ModelError: If the file is missing or damaged.
        """
        try:
            with self.predictions.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            points = [key for key in (rows[0] if rows else {}) if key.startswith("called at ")]
            return Predictions(
                [row["name"] for row in rows],
                [row["patient"] for row in rows],
                np.array([int(row["label"]) for row in rows], np.int64),
                np.array([float(row["logit"]) for row in rows], np.float32),
                {
                    point.removeprefix("called at "): np.array([row[point] == "1" for row in rows])
                    for point in points
                },
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{self.predictions} cannot be read: {error}") from error


def _deciding(config: bytes) -> dict[str, Any] | None:
    """What decides a run: all but the places of the data, whose checksum is there; None if torn."""
    try:
        values = tomllib.loads(config.decode())
    except ValueError:
        return None
    run = values.get("run")
    if not isinstance(run, dict):
        return None
    return {**values, "run": {key: run[key] for key in run if key not in ("data", "labels")}}
