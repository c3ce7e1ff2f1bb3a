"""A model on labelled cells: figures with intervals."""

from __future__ import annotations

import json as json_format
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.manifest import UNKNOWN, Manifest
from laveran.cells.reading import read_cells
from laveran.cells.skipped import Skipped
from laveran.errors import LabelsError
from laveran.metrics import Evaluation
from laveran.metrics import evaluate as figures_of
from laveran.model.prediction import Watch
from laveran.model.runtime import BATCH, Model, load


@dataclass(frozen=True)
class ModelEvaluation:
    """What `evaluate` found.

    Attributes:
        evaluation: The figures.
        manifest: The cells they rest on.
        y_prob: The model's probability of each, float32 [N].
        skipped: What was left out, and why.
        notes: What the user must know, a sentence each.
    """

    evaluation: Evaluation
    manifest: Manifest
    y_prob: NDArray[np.float32]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]


def evaluate(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    model: Path | str | Model,
    patients: Sequence[Path | str] = (),
    operating_point: str = "accuracy",
    json: Path | str | None = None,
    watch: Watch | None = None,
) -> ModelEvaluation:
    """Measure a model on labelled cells.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of names and labels; None where folders are the classes.
        model: A loaded model, a run folder or a model file.
        patients: Tables of names and patients.
        operating_point: Name of the model's threshold to use.
        json: Also write the figures to this file.
        watch: Called with ("evaluate", done, total, {}).

    Raises:
        DataError: If the data cannot be used, or no cell has a label.
        ModelError: If the model cannot be used.
        ConfigError: If the model has no such operating point.
    """
    reader = model if isinstance(model, Model) else load(model)
    threshold = reader.contract.operating_point(operating_point).threshold
    scores = _Scores(reader)
    reading = read_cells(
        data,
        labels,
        patients=patients,
        transform=reader.prepare,
        on_picture=scores.add,
        progress=(lambda done, total: watch("evaluate", done, total, {})) if watch else None,
    )
    manifest, y_prob = reading.manifest, scores.finish()
    if (manifest.labels == UNKNOWN).any():
        raise LabelsError(f"{data} has no labels to compare with; give a labels CSV")
    evaluation = figures_of(
        manifest.labels, y_prob, manifest.groups, threshold, unit=manifest.grouping
    )
    if json:
        files.write_text(json, json_format.dumps(evaluation.to_json(), indent=2) + "\n")
    return ModelEvaluation(evaluation, manifest, y_prob, reading.skipped, reading.notes)


class _Scores:
    """Collects prepared cells and scores them a batch at a time."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._waiting: list[NDArray[np.uint8]] = []
        self._scored: list[NDArray[np.float32]] = []

    def add(self, _: int, cell: NDArray[np.uint8]) -> None:
        """Take the next cell."""
        self._waiting.append(cell)
        if len(self._waiting) == BATCH:
            self._score()

    def finish(self) -> NDArray[np.float32]:
        """Probabilities of all cells taken, float32 [N]."""
        if self._waiting:
            self._score()
        return np.concatenate(self._scored) if self._scored else np.zeros(0, np.float32)

    def _score(self) -> None:
        self._scored.append(self._model.probabilities(np.stack(self._waiting)))
        self._waiting.clear()
