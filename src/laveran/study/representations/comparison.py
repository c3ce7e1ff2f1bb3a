"""`laveran study represent`: every representation of the lecture on the same cells."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import laveran
from laveran import files
from laveran.cells.skipped import Skipped
from laveran.cells.synthetic_dataset import is_synthetic
from laveran.errors import OutputError
from laveran.metrics import Figure, measure, paired_difference
from laveran.model.prediction import Watch
from laveran.report.pictures import data_uri
from laveran.report.represent_chart import STYLE, MethodRow, accuracy_chart
from laveran.report.represent_page import MethodSights, RepresentReport, render
from laveran.report.standalone import standing_alone
from laveran.study.montage import Tile, framed, montage
from laveran.study.representations.methods import ALL, Method, built, chosen_methods
from laveran.study.representations.probe import FOLDS, NEIGHBOURS, Probe, probe_vectors
from laveran.study.representations.representation import Seeing, Sight
from laveran.study.representations.store import LAYOUT, Kept, KeptSight, read_kept, write_kept
from laveran.study.sample import CELLS, SIZE_PX, Sample, draw_sample

HEADER = (
    "method", "dimension", "probe_accuracy", "probe_low", "probe_high", "neighbour_accuracy",
    "seconds",
)  # fmt: skip
SHOWN_EACH = 4  # test cells of each class on the page
NEAREST_SHOWN = 4


@dataclass(frozen=True)
class Comparison:
    """What a comparison of representations found.

    Attributes:
        rows: A method each, in the order of the lecture.
        protocol: How the figures were got.
        skipped: Pictures that could not be used, and why.
        notes: What the user must know, a sentence each.
    """

    rows: tuple[MethodRow, ...]
    protocol: str
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything but the pictures, as plain values."""
        return {
            "protocol": self.protocol,
            "notes": list(self.notes),
            "methods": [row.to_json() for row in self.rows],
        }


def represent(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    methods: Sequence[str] = (ALL,),
    cells: int | None = CELLS,
    size_px: int = SIZE_PX,
    patients: Sequence[Path | str] = (),
    seed: int = 0,
    watch: Watch | None = None,
) -> Comparison:
    """Turn cells into vectors in every way, and measure what each way is worth.

    All methods learn from the same training cells, with labels or without, and are measured on the
    same cells of other patients. A finished method is kept in `out` and not computed again while
    cells, seed and version are the same.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of labels; None where folders are the classes.
        out: Folder for `representations.csv`, `.html` and `.svg`.
        methods: Names of `methods.METHODS`, or "all".
        cells: How many are drawn; None for all.
        size_px: Side of the prepared cells.
        patients: Tables of patients.
        seed: Of the draw, the division and every method.
        watch: Called with ("methods", done, total, {}) and the name of a method in its place.

    Raises:
        DataError: If the data cannot be used.
        ConfigError: If there is no such method, or one needs what is not installed.
        OutputError: If a file cannot be written.
    """
    chosen, folder = chosen_methods(methods), Path(out)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; name a folder as --out")
    sample = draw_sample(
        data, labels, cells=cells, size_px=size_px, patients=patients, seed=seed, watch=watch
    )
    settings = {method.name: _settings(method, sample, seed) for method in chosen}
    kept = {name: read_kept(folder, name, each) for name, each in settings.items()}
    ready = {
        method.name: built(method, seed, partial(_tell, watch, method.name))
        for method in chosen
        if kept[method.name] is None
    }  # all of them at once: what is missing is told before any work
    shown = _shown_cells(sample, seed)
    finished: dict[str, Kept] = {}
    for done, method in enumerate(chosen):
        _tell(watch, "methods", done, len(chosen))
        known = kept[method.name]
        if known is None:
            known = _finish(ready.pop(method.name), sample, shown, settings[method.name], seed)
            write_kept(folder, method.name, known)
        finished[method.name] = known
    _tell(watch, "methods", len(chosen), len(chosen))
    rows = _rows(chosen, finished, sample)
    found = Comparison(rows, _protocol(sample), sample.skipped, (*sample.notes, *_doubts(sample)))
    _write(found, chosen, finished, sample, folder)
    return found


def _settings(method: Method, sample: Sample, seed: int) -> dict[str, Any]:
    """What decides a method's figures."""
    return {
        "method": method.name,
        "cells": sample.manifest.checksum,
        "test": hashlib.sha256(sample.is_test.tobytes()).hexdigest(),
        "size_px": sample.pictures.shape[1],
        "seed": seed,
        "laveran": laveran.__version__,
        "layout": LAYOUT,
    }


def _finish(
    method: Seeing,
    sample: Sample,
    shown: NDArray[np.int64],
    settings: dict[str, Any],
    seed: int,
) -> Kept:
    """Fit a method, turn all cells into vectors, and probe them."""
    train = ~sample.is_test
    started = time.perf_counter()
    method.fit(sample.pictures[train], sample.labels[train])
    vectors = method.vectors(sample.pictures)
    seconds = time.perf_counter() - started
    probe = probe_vectors(vectors, sample, seed=seed)
    return Kept(
        settings=settings,
        dimension=vectors.shape[1],
        seconds=round(seconds, 2),
        penalty=probe.penalty,
        probe=probe.probe.round(6).tolist(),
        neighbour=probe.neighbour.round(6).tolist(),
        sights=[_kept_sight(sight) for sight in method.sights(sample.pictures[shown])],
        nearest=_kept_sight(_nearest(probe, sample, shown)),
    )


def _kept_sight(sight: Sight) -> KeptSight:
    """A sight as text."""
    return KeptSight(caption=sight.caption, picture=data_uri(sight.picture))


def _shown_cells(sample: Sample, seed: int) -> NDArray[np.int64]:
    """Some test cells of each class, parasitized first, the same for all methods."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(sample.is_test))
    return np.concatenate([order[sample.labels[order] == label][:SHOWN_EACH] for label in (1, 0)])


def _nearest(probe: Probe, sample: Sample, shown: NDArray[np.int64]) -> Sight:
    """Test cells above their nearest training cells, each in the colour of its label."""
    rows = np.searchsorted(np.flatnonzero(sample.is_test), shown)
    columns = [
        [cell, *probe.nearest[row][:NEAREST_SHOWN]] for cell, row in zip(shown, rows, strict=True)
    ]
    tiles: list[Tile] = [
        framed(sample.pictures[cell], parasitized=bool(sample.labels[cell]))
        for line in zip(*columns, strict=True)
        for cell in line
    ]
    caption = (
        "In the first row test cells, below each the training cells that the method takes to be "
        "most like it. Frames: violet is labelled parasitized, orange uninfected."
    )
    return Sight(caption, montage(tiles, len(shown), 72))


def _rows(
    chosen: Sequence[Method], finished: dict[str, Kept], sample: Sample
) -> tuple[MethodRow, ...]:
    """The figures of every method, and what the best has more."""
    y_true = sample.labels[sample.is_test]
    groups = sample.manifest.groups[sample.is_test]
    accuracies = {
        name: measure("accuracy", y_true, kept.probe, groups) for name, kept in finished.items()
    }
    best = max(accuracies, key=lambda name: accuracies[name].value or 0.0)
    return tuple(
        MethodRow(
            name=method.name,
            title=method.title,
            kind=method.kind,
            dimension=finished[method.name].dimension,
            accuracy=accuracies[method.name],
            auroc=measure("auroc", y_true, finished[method.name].probe, groups),
            neighbour=measure("accuracy", y_true, finished[method.name].neighbour, groups),
            behind=Figure(0.0)
            if method.name == best
            else paired_difference(
                y_true, finished[best].probe, finished[method.name].probe, groups
            ),
            penalty=finished[method.name].penalty,
            seconds=finished[method.name].seconds,
        )
        for method in chosen
    )


def _protocol(sample: Sample) -> str:
    """How the figures were got, in a few sentences."""
    test = sample.manifest.select(np.flatnonzero(sample.is_test))
    train = sample.manifest.select(np.flatnonzero(~sample.is_test))
    return (
        f"Every method learned from the same {len(train):,} cells of "
        f"{len(set(train.groups.tolist()))} {train.grouping}s and was measured on the same "
        f"{len(test):,} cells of {len(set(test.groups.tolist()))} others. The probe is a logistic "
        f"regression on standardised vectors, its penalty chosen by {FOLDS} folds of the training "
        f"{train.grouping}s; neighbours are the {NEIGHBOURS} training cells of the largest cosine. "
        f"Labels are as published; intervals are 95%, by resampling {test.grouping}s; seconds are "
        "those to fit the training cells and to turn all cells into vectors."
    )


def _doubts(sample: Sample) -> tuple[str, ...]:
    """What makes the figures doubtful."""
    if not sample.optimistic:
        return ()
    doubt = (
        f"nothing tells the patients, so whole {sample.unit}s are divided: a patient may be on "
        "both sides, and the figures are optimistic"
    )
    return (doubt,)


def _write(
    found: Comparison,
    chosen: Sequence[Method],
    finished: dict[str, Kept],
    sample: Sample,
    folder: Path,
) -> None:
    """The table, the picture and the page."""
    files.write_csv(
        folder / "representations.csv",
        HEADER,
        [row.to_csv() for row in found.rows],
    )
    chart = standing_alone(accuracy_chart(found.rows), STYLE)
    files.write_text(folder / "representations.svg", chart + "\n")
    report = RepresentReport(
        methods=[
            MethodSights(
                row,
                method.idea,
                method.source,
                [(sight.caption, sight.picture) for sight in kept.sights],
                (kept.nearest.caption, kept.nearest.picture),
            )
            for method, row, kept in zip(chosen, found.rows, finished.values(), strict=True)
        ],
        protocol=found.protocol,
        n_cells=len(sample.manifest),
        notes=found.notes,
        synthetic=is_synthetic(sample.manifest),
    )
    files.write_text(folder / "representations.html", render(report))


def _tell(watch: Watch | None, stage: str, done: int, total: int) -> None:
    """Tell of progress, if anybody listens."""
    if watch:
        watch(stage, done, total, {})
