"""A model on labelled cells: figures with intervals."""

from __future__ import annotations

import json as json_format
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.consensus import by_cell
from laveran.cells.manifest import UNKNOWN, Manifest
from laveran.cells.reading import read_cells
from laveran.cells.readings import CellReading, read_tables
from laveran.cells.skipped import Skipped
from laveran.errors import LabelsError
from laveran.metrics import Evaluation, Figure, operating_figures, paired_difference
from laveran.metrics import evaluate as figures_of
from laveran.metrics.intervals import plain_figures
from laveran.metrics.readings import UNSURE, reading_figures, strict_limits
from laveran.model.ensemble import Ensemble, ModelOrModels, Reader, open_reader
from laveran.model.kept import require_own
from laveran.model.learned import Learned
from laveran.model.prediction import Watch
from laveran.model.runtime import BATCH, Model

_LEARNED = (
    "OPTIMISTIC: {model} learned from {learned:,} of these {n:,} cells or from others of their "
    "patients; believe its figures on cells of other patients"
)
_UNKNOWN = (
    "nothing tells whether {model} learned from some of these cells, which would flatter its "
    "figures (it was trained on {sources})"
)


@dataclass(frozen=True)
class ModelEvaluation:
    """What `evaluate` found.

    Attributes:
        evaluation: The figures, on labels as published.
        operating_point: Name of the threshold at which they are called.
        operating_points: What the model does on these cells at each of its operating points; see
            `laveran.metrics.operating_figures`.
        manifest: The cells they rest on.
        y_prob: The model's probability of each, float32 [N].
        skipped: What was left out, and why.
        notes: What the user must know, a sentence each.
        re_read: Figures on re-read cells, by the part of the sample ("random" first); see
            `laveran.metrics.readings.reading_figures`.
        tta: What test-time augmentation gained in "accuracy" and "auroc" against one look at
            each cell, paired by patient, and its "cost" in time; empty without it.
    """

    evaluation: Evaluation
    operating_point: str
    manifest: Manifest
    y_prob: NDArray[np.float32]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    re_read: dict[str, dict[str, int | Figure]] = field(default_factory=dict)
    tta: dict[str, Figure] = field(default_factory=dict)
    operating_points: dict[str, dict[str, Figure]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The figures on labels, where they are called, "notes"; "tta", "readings" if any."""
        found: dict[str, Any] = self.evaluation.to_json()
        found["operating_point"] = self.operating_point
        found["operating_points"] = {
            name: plain_figures(of) for name, of in self.operating_points.items()
        }
        found["notes"] = list(self.notes)
        if self.tta:
            found["tta"] = plain_figures(self.tta)
        if self.re_read:
            found["readings"] = {part: plain_figures(of) for part, of in self.re_read.items()}
        return found


def evaluate(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    model: ModelOrModels = None,
    patients: Sequence[Path | str] = (),
    operating_point: str | None = None,
    tta: bool = False,
    readings: Path | str | None = None,
    key: Path | str | None = None,
    json: Path | str | None = None,
    watch: Watch | None = None,
) -> ModelEvaluation:
    """Measure a model on labelled cells.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of names and labels; None where folders are the classes.
        model: A loaded model, a run folder or a model file; several files answer together, by the
            mean of their log odds, "shipped" among them; None for the shipped model.
        patients: Tables of names and patients.
        operating_point: Name of the model's threshold to use; None for its default, and for 0.5 on
            cells that were re-read, for the probability is that of what readers see.
        tta: Average over the eight flips and turns of each cell, and tell what that gained and
            cost against one look at each; a loaded `model` is taken as it is.
        readings: Table of cells that were re-read blind, by names, or by ids and a `key`.
        key: The key of the page that the readings are from.
        json: Also write the figures to this file.
        watch: Called with ("evaluate", done, total, {}).

    Raises:
        DataError: If the data or the readings cannot be used, or no cell has a label.
        ModelError: If the model cannot be used.
        ConfigError: If the model has no such operating point, or `json` would overwrite what is
            read, or a file that a run keeps.
    """
    require_own((json,), (data, labels, readings, key, *patients))
    reader = open_reader(model, tta=tta)
    point = operating_point or reader.default_point
    threshold = reader.threshold(point)
    models = reader.models if isinstance(reader, Ensemble) else (reader,)
    learned = [(each, Learned.by(each)) for each in models]
    tables = read_tables([readings] if readings else [], key)
    scores = _Scores(reader)
    compared = _Scores(reader.without_tta()) if reader.tta else None

    def add(_: int, cell: NDArray[np.uint8]) -> None:
        scores.add(cell)
        if compared:
            compared.add(cell)

    reading = read_cells(
        data,
        labels,
        patients=patients,
        transform=reader.prepare,
        on_picture=add,
        progress=(lambda done, total: watch("evaluate", done, total, {})) if watch else None,
    )
    manifest, y_prob = reading.manifest, scores.finish()
    if (manifest.labels == UNKNOWN).any():
        raise LabelsError(f"{data} has no labels to compare with; give a labels CSV")
    evaluation = figures_of(
        manifest.labels, y_prob, manifest.groups, threshold, unit=manifest.grouping
    )
    seen = threshold if operating_point else 0.5
    re_read, notes = _re_read(manifest, y_prob, seen, *tables) if tables else ({}, ())
    found = ModelEvaluation(
        evaluation,
        point,
        manifest,
        y_prob,
        reading.skipped,
        (*reading.notes, *_learned_notes(learned, manifest), *notes),
        re_read,
        _effect(manifest, scores, compared, threshold) if compared else {},
        _at_operating_points(manifest, y_prob, reader),
    )
    if json:
        files.write_text(json, json_format.dumps(found.to_json(), indent=2) + "\n")
    return found


def _learned_notes(learned: Sequence[tuple[Model, Learned]], manifest: Manifest) -> tuple[str, ...]:
    """What to believe of figures on cells that a model may have learned from."""
    notes = (_learned_note(model, known, manifest) for model, known in learned)
    return tuple(note for note in notes if note)


def _learned_note(model: Model, known: Learned, manifest: Manifest) -> str | None:
    """The same of one model; None where it met none of the cells' patients."""
    learned = known.among(manifest, manifest)
    if learned is None:
        sources = ", ".join(model.contract.training.sources)
        return _UNKNOWN.format(model=model.name, sources=sources)
    if not learned.any():
        return None
    return _LEARNED.format(model=model.name, learned=int(learned.sum()), n=len(learned))


def _at_operating_points(
    manifest: Manifest, y_prob: NDArray[np.float32], model: Reader
) -> dict[str, dict[str, Figure]]:
    """What each operating point does on the cells."""
    return {
        name: operating_figures(
            manifest.labels,
            y_prob.astype(np.float64) >= model.threshold(name),
            manifest.groups,
            unit=manifest.grouping,
        )
        for name in model.operating_points
    }


def _effect(
    manifest: Manifest, augmented: _Scores, plain: _Scores, threshold: float
) -> dict[str, Figure]:
    """What test-time augmentation gained and cost."""
    effect = {
        figure: paired_difference(
            manifest.labels,
            augmented.finish(),
            plain.finish(),
            manifest.groups,
            figure,
            threshold=threshold,
        )
        for figure in ("accuracy", "auroc")
    }
    return effect | {"cost": Figure(augmented.seconds / plain.seconds)}


def _re_read(
    manifest: Manifest,
    y_prob: NDArray[np.float32],
    threshold: float,
    read: Sequence[CellReading],
) -> tuple[dict[str, dict[str, int | Figure]], tuple[str, ...]]:
    """Figures on re-read cells by part, and what the user must know of them."""
    (of_cell,) = by_cell(manifest.names, [read])
    found = list(zip(manifest.places(of_cell), of_cell.values(), strict=True))
    absent = len(read) - len(found)
    notes = (f"{absent:,} of {len(read):,} re-read cells are not in the data",) if absent else ()
    patients = manifest.groups if manifest.grouping == "patient" else None
    limits = strict_limits(manifest.labels, y_prob, patients)
    figures: dict[str, dict[str, int | Figure]] = {}
    for part in sorted({row.part for _, row in found}, reverse=True):  # random before disputed
        cells = np.array([i for i, row in found if row.part == part])
        answers = [row.reading for _, row in found if row.part == part]
        figures[part] = reading_figures(
            manifest.labels[cells],
            y_prob[cells],
            [UNSURE if answer is None else answer for answer in answers],
            manifest.groups[cells],
            threshold,
            limits,
        )
    return figures, notes


class _Scores:
    """Collects prepared cells and scores them a batch at a time.

    Attributes:
        seconds: That the model took.
    """

    def __init__(self, model: Reader) -> None:
        self._model = model
        self._waiting: list[NDArray[np.uint8]] = []
        self._scored: list[NDArray[np.float32]] = []
        self.seconds = 0.0

    def add(self, cell: NDArray[np.uint8]) -> None:
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
        started = time.perf_counter()
        self._scored.append(self._model.probabilities(np.stack(self._waiting)))
        self.seconds += time.perf_counter() - started
        self._waiting.clear()
