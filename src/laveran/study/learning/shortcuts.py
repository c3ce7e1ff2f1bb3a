"""`laveran study shortcuts`: what depth costs without skip connections, and what overfitting is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import laveran
from laveran import files
from laveran.errors import ConfigError
from laveran.metrics import Figure, measure
from laveran.model.prediction import Watch
from laveran.report.shortcuts_page import DepthRow, RegimeRow, ShortcutsPage, charts, render
from laveran.report.standalone import standing_alone
from laveran.study.kept import Kept
from laveran.study.learning.course import Course
from laveran.study.learning.degradation import CELLS, DEPTHS, Depth, degrade, depths_of
from laveran.study.learning.overfitting import SIZE_PX, SIZES, Regime, overfit, regimes_of
from laveran.study.learning.sides import learning_side, measuring_side
from laveran.study.sample import Sample, draw_sample

TEST_SHARE = 0.2
REPEATS = 2


@dataclass(frozen=True)
class Shortcuts:
    """What was found.

    Attributes:
        page: Everything that the page shows.
        sample: The cells behind it.
    """

    page: ShortcutsPage
    sample: Sample

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {
            "n_test_cells": self.page.n_test_cells,
            "n_test_patients": self.page.n_test_patients,
            "networks": [row.to_json() for row in self.page.depths],
            "regimes": [row.to_json() for row in self.page.regimes],
        }


def study_shortcuts(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    depths: Sequence[int] = DEPTHS,
    sizes: Sequence[int] = SIZES,
    repeats: int = REPEATS,
    seed: int = 0,
    patients: Sequence[Path | str] = (),
    watch: Watch | None = None,
) -> Shortcuts:
    """Train plain, residual and highway networks of each depth, then one network on few and many.

    Each finished fit is kept in `out` and not repeated when the study is asked for again, be it
    with more depths, sizes or repeats.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of labels; None where folders are the classes.
        out: Folder for the page, its tables and pictures, and the fits.
        depths: Convolutions of the networks: 6, 10, 14 and so on.
        sizes: On how many cells overfitting is looked at.
        repeats: Fits of each setting, with other seeds; one where cells are many.
        seed: Of the division of patients and the first fits.
        patients: Tables of patients.
        watch: Called with (what is done, done, total, {}).

    Raises:
        DataError: If the data cannot be used.
        ConfigError: If a depth or a size cannot work, or `out` holds a study of other
            cells or another seed.
    """
    networks = depths_of(sorted(set(depths)))
    if repeats < 1 or min(sizes) < 20:
        raise ConfigError("a study needs at least 1 fit of each setting, on at least 20 cells")
    sample = draw_sample(
        data,
        labels,
        cells=None,
        size_px=SIZE_PX,
        test_share=TEST_SHARE,
        patients=patients,
        seed=seed,
        watch=watch,
    )
    regimes = regimes_of(sizes, int((~sample.is_test).sum()))
    fits = len(networks) * repeats + sum(regime.repeats(repeats) for regime in regimes)
    settings = {"cells": sample.manifest.checksum, "seed": seed, "laveran": laveran.__version__}
    kept = Kept(Path(out), settings, fits, watch)
    learned, measured = learning_side(sample, CELLS, seed), measuring_side(sample)
    degraded = degrade(learned, measured, networks, kept, repeats=repeats, seed=seed)
    overfitted = overfit(sample, regimes, kept, repeats=repeats, seed=seed)
    found = Shortcuts(_page(sample, degraded, overfitted, len(learned), repeats), sample)
    _write(found.page, Path(out))
    return found


def _page(
    sample: Sample,
    degraded: Mapping[Depth, Sequence[Course]],
    overfitted: Mapping[Regime, Sequence[Course]],
    n_learned: int,
    repeats: int,
) -> ShortcutsPage:
    """What the page shows."""
    accuracy = partial(_accuracy, sample)
    groups = sample.manifest.groups
    return ShortcutsPage(
        n_learned=n_learned,
        n_test_cells=int(sample.is_test.sum()),
        n_test_patients=len(set(groups[sample.is_test])),
        repeats=repeats,
        size_px=SIZE_PX,
        optimistic=sample.optimistic,
        notes=sample.notes,
        depths=[
            _depth_row(depth, courses, accuracy(courses)) for depth, courses in degraded.items()
        ],
        regimes=[
            _regime_row(regime, courses, accuracy(courses))
            for regime, courses in overfitted.items()
        ],
    )


def _accuracy(sample: Sample, courses: Sequence[Course]) -> Figure:
    """Accuracy over all fits on the test cells; the interval resamples patients, not fits."""
    y_true = np.tile(sample.labels[sample.is_test], len(courses))
    patients = np.tile(sample.manifest.groups[sample.is_test], len(courses))
    calls = np.array([int(call) for course in courses for call in course.calls], np.float64)
    return measure("accuracy", y_true, calls, patients)


def _depth_row(depth: Depth, courses: Sequence[Course], test: Figure) -> DepthRow:
    """A network as the page shows it; gradients are means over the fits."""
    sizes = np.array([course.gradients for course in courses]).mean(0)  # [1 + epochs, layers]
    return DepthRow(
        kind=depth.kind,
        convolutions=depth.convolutions,
        batch_norm=depth.batch_norm,
        parameters=courses[0].parameters,
        looks=[[look.model_dump() for look in course.looks] for course in courses],
        train_accuracy=_mean(course.chosen.train_accuracy for course in courses),
        train_loss=_mean(course.chosen.train_loss for course in courses),
        test=test,
        first_gradients=sizes[0].tolist(),
        gradients=sizes[1:].mean(0).tolist(),
    )


def _regime_row(regime: Regime, courses: Sequence[Course], test: Figure) -> RegimeRow:
    """A regime as the page shows it."""
    return RegimeRow(
        cells=regime.cells,
        change=regime.change,
        looks=[[look.model_dump() for look in course.looks] for course in courses],
        epochs=[course.chosen.epoch for course in courses],
        train_accuracy=_mean(course.chosen.train_accuracy for course in courses),
        train_loss=_mean(course.chosen.train_loss for course in courses),
        test_loss=_mean(course.chosen.test_loss for course in courses),
        test=test,
    )


def _mean(values: Iterator[float]) -> float:
    """The mean."""
    return float(np.mean(list(values)))


def _write(page: ShortcutsPage, out: Path) -> None:
    """The tables, the pictures, and at last the page."""
    for name, (header, rows) in page.tables().items():
        files.write_csv(out / name, header, rows)
    for name, drawing in charts(page).items():
        files.write_text(out / f"{name}.svg", standing_alone(drawing, "lines.css") + "\n")
    files.write_text(out / "shortcuts.html", render(page))
