"""What came out: the scored cells of one or several fits, and the figures on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.cells.readings import RANDOM
from laveran.metrics import Evaluation, Figure, evaluate, operating_figures
from laveran.metrics.intervals import plain_figures
from laveran.metrics.readings import reading_figures, strict_limits
from laveran.training.calibration import Placing, called_at
from laveran.training.folder import Predictions, RunFolder
from laveran.training.job import Job


@dataclass(frozen=True)
class Scored:
    """The test cells of one fit, and the network in `folder` that scored them.

    Attributes:
        folder: Where that network is.
        predictions: What it says of the cells.
        temperature: What its raw logits were divided by.
        outlier_threshold: Of its outlier gate.
        best_epoch: The latest whose valid loss was within a standard error of the lowest.
        history: A row an epoch.
    """

    folder: RunFolder
    predictions: Predictions
    temperature: float
    outlier_threshold: float
    best_epoch: int
    history: list[dict[str, float]]

    @property
    def raw_logit(self) -> NDArray[np.float32]:
        """The logits before calibration [N]."""
        return self.predictions.logit * np.float32(self.temperature)


def called_by_others(scored: Sequence[Scored], placing: Placing) -> list[Scored]:
    """Each fold, called at thresholds placed on all others, as the final network's are on all.

    Each keeps its own temperature, for networks differ in scale.
    """
    recalled = []
    for number, each in enumerate(scored):
        others = reduce(add, (s.predictions for s in (*scored[:number], *scored[number + 1 :])))
        thresholds = placing.thresholds(others.logit, others.y_true, np.array(others.patients))
        called = called_at(thresholds, each.predictions.logit)
        recalled.append(replace(each, predictions=replace(each.predictions, called=called)))
    return recalled


def read_scored(folder: RunFolder) -> Scored | None:
    """What a finished fit left in `folder`; None if it is not finished."""
    metrics = folder.read_metrics()
    if metrics is None:
        return None
    return Scored(
        folder,
        folder.read_predictions(),
        float(metrics["temperature"]),
        float(metrics["outlier_threshold"]),
        int(metrics["best_epoch"]),
        metrics["history"],
    )


@dataclass(frozen=True)
class Finding:
    """Figures with how they were got.

    Attributes:
        scored: The fits behind them.
        predictions: All scored cells.
        evaluation: The figures.
        protocol: How they were got, in one sentence.
        notes: What the user must know, a sentence each.
        optimistic: Whether cells of one patient may have stood on both sides, or the recipe was
            chosen on these cells.
        folds: How many; 0 for one division.
        grouping: What `predictions.patients` holds: "patient", "photo" or "cell".
        seed: Of the resampling.
        reread: Names of cells drawn at random that all readers read alike, with what they say.
    """

    scored: Sequence[Scored]
    predictions: Predictions
    evaluation: Evaluation
    protocol: str
    notes: tuple[str, ...]
    optimistic: bool
    folds: int
    grouping: str = "patient"
    seed: int = 0
    reread: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        job: Job,
        scored: Sequence[Scored],
        unit: str,
        folds: int = 0,
        *,
        ensemble: bool = False,
    ) -> Finding:
        """The figures on all cells of `scored`, divided so that each `unit` stayed whole."""
        predictions = reduce(add, (each.predictions for each in scored))
        evaluation = evaluate(
            predictions.y_true,
            predictions.y_prob,
            predictions.patients,
            called=predictions.called_by_default,
            unit=job.unit,
            seed=job.seed,
        )
        divided = unit != "patient"
        searched = job.recipe.searched_on == job.feed.manifest.checksum
        notes = job.feed.notes
        if divided:
            notes = (*notes, _WARNING.format(unit=unit))
        if searched:
            notes = (*notes, _SEARCHED)
        if ensemble:
            notes = (*notes, _ENSEMBLE.format(count=folds))
        protocol = _protocol(evaluation, unit, folds, job.seed)
        if ensemble:
            protocol += "; figures of each member alone"
        if job.teachers:
            protocol += "; taught by networks that never saw these patients"
        if job.readings:
            protocol += _READ.format(
                read=job.readings.n_read,
                contradicted=job.readings.n_contradicted,
                doubted=job.readings.n_doubted,
            )
        if searched:
            protocol += "; OPTIMISTIC, the recipe was chosen on these cells"
        optimistic = divided or searched
        reread = job.readings.agreed.get(RANDOM, {}) if job.readings else {}
        return cls(
            scored,
            predictions,
            evaluation,
            protocol,
            notes,
            optimistic,
            folds,
            job.unit,
            job.seed,
            reread,
        )

    def history(self) -> list[dict[str, float]]:
        """The epochs of all fits, with their fold where there are several."""
        if not self.folds:
            return self.scored[0].history
        return [
            {"fold": number, **row}
            for number, each in enumerate(self.scored)
            for row in each.history
        ]

    @cached_property
    def operating_figures(self) -> dict[str, dict[str, Figure]]:
        """By operating point, the figures of `laveran.metrics.operating_figures`."""
        scored = self.predictions
        return {
            name: operating_figures(
                scored.y_true, called, scored.patients, unit=self.grouping, seed=self.seed
            )
            for name, called in scored.called.items()
        }

    @cached_property
    def reread_figures(self) -> dict[str, int | Figure]:
        """The figures on the scored cells that were read again; none without such cells."""
        known = self.evaluation.n_patients > 0
        return reread_figures(self.predictions, self.reread, patients_known=known)

    def to_json(self) -> dict[str, Any]:
        """The figures and what they rest on, as plain values."""
        found: dict[str, Any] = {
            "protocol": self.protocol,
            "optimistic": self.optimistic,
            "operating_point": self.predictions.operating_point,
            **self.evaluation.to_json(),
        }
        if self.reread_figures:
            found["readings"] = {RANDOM: plain_figures(self.reread_figures)}
        return found


def reread_figures(
    predictions: Predictions, reread: Mapping[str, int], *, patients_known: bool = True
) -> dict[str, int | Figure]:
    """Figures on cells that all readers agreed on, by `reading_figures`; none without such cells.

    The strict thresholds are those of all controls among the predictions.
    """
    names = np.array(predictions.names)
    cells = np.flatnonzero(np.isin(names, list(reread)))
    if not cells.size:
        return {}
    y_true, y_prob, patients = predictions.y_true, predictions.y_prob, predictions.patients
    found = reading_figures(
        y_true[cells],
        y_prob[cells],
        [reread[name] for name in names[cells]],
        np.array(patients)[cells],
        limits=strict_limits(y_true, y_prob, patients if patients_known else None),
    )
    del found["n_cells"], found["unsure"]  # who is unsure does not agree
    return found


_WARNING = (
    "OPTIMISTIC: the cells were divided by {unit}, so the same patient may be among the cells "
    "trained on and the cells scored; expect less on new patients"
)

_SEARCHED = (
    "OPTIMISTIC: a search chose the recipe on these very cells, so it suits them better than new "
    "ones; the honest figures are the search's own, on the patients that it locked away"
)

_ENSEMBLE = (
    "the model is the average of the {count} networks of the folds; the figures are those of each "
    "of them alone, on patients that it never saw"
)

_READ = (
    "; in training, what readers say of {read:,} cells stood for their labels "
    "({contradicted:,} contradicted, {doubted:,} doubted)"
)


def _protocol(evaluation: Evaluation, unit: str, folds: int, seed: int) -> str:
    """How the figures were got, in one sentence."""
    cells = f"{evaluation.n_cells:,} cells"
    if evaluation.n_patients:
        cells += f" of {evaluation.n_patients} patients"
    kept = "patients disjoint" if unit == "patient" else f"divided by {unit}, OPTIMISTIC"
    if folds:
        return f"{folds} folds, {kept}, seed {seed}: {cells}, all out of fold"
    return f"One division, {kept}, seed {seed}: {cells} that served for nothing else"
