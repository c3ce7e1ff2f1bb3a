"""The page of depth and overfitting: curves, gradients and gaps of many small trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from laveran.metrics import Figure
from laveran.report.lines import Curve, Frame, line_chart
from laveran.report.page import STYLES, render_page
from laveran.report.svg import Svg

Looks = Sequence[Sequence[Mapping[str, float]]]  # a fit, and on its way the looks at it
Table = tuple[Sequence[str], list[list[object]]]
COLOURS = {"plain": "second", "residual": "first", "highway": "third"}
NORMS = {False: "without batch norm", True: "with batch norm"}
SMALL = (300.0, 190.0)


@dataclass(frozen=True, slots=True)
class DepthRow:
    """One network at one depth.

    Attributes:
        kind: "plain", "residual" or "highway".
        convolutions: One behind the other.
        batch_norm: Whether it has batch norm.
        parameters: Weights and biases.
        looks: Of each fit, the figures on the way.
        train_accuracy: At the end, on cells that it learned from; the mean of the fits.
        train_loss: The same.
        test: Accuracy on the test patients.
        first_gradients: Mean |dL/dW| of each convolution in the first step.
        gradients: The same over all of training.
    """

    kind: str
    convolutions: int
    batch_norm: bool
    parameters: int
    looks: Looks
    train_accuracy: float
    train_loss: float
    test: Figure
    first_gradients: Sequence[float]
    gradients: Sequence[float]

    @property
    def name(self) -> str:
        """For the end of a curve."""
        return f"{self.kind} {self.convolutions}"

    @property
    def fall(self) -> float:
        """The gradient of the first convolution as a share of that of the last, at the start."""
        return self.first_gradients[0] / max(self.first_gradients[-1], 1e-300)

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {
            "kind": self.kind,
            "convolutions": self.convolutions,
            "batch_norm": self.batch_norm,
            "parameters": self.parameters,
            "train_accuracy": self.train_accuracy,
            "train_loss": self.train_loss,
            "test_accuracy": self.test.to_json(),
            "first_gradients": list(self.first_gradients),
            "gradients": list(self.gradients),
        }


@dataclass(frozen=True, slots=True)
class RegimeRow:
    """The same network on so many cells, with one thing changed.

    Attributes:
        cells: Learned from.
        change: What is changed.
        looks: Of each fit, the figures on the way.
        epochs: Of each fit, the epoch whose weights were chosen.
        train_accuracy: Of those weights, on cells that they learned from; the mean of the fits.
        train_loss: The same.
        test_loss: On cells of the test patients; the mean of the fits.
        test: Accuracy on all cells of the test patients.
    """

    cells: int
    change: str
    looks: Looks
    epochs: Sequence[int]
    train_accuracy: float
    train_loss: float
    test_loss: float
    test: Figure

    @property
    def gap(self) -> float:
        """How much better the network seems than it is."""
        return self.train_accuracy - (self.test.value or 0.0)

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {
            "cells": self.cells,
            "change": self.change,
            "fits": len(self.looks),
            "epochs": list(self.epochs),
            "train_accuracy": self.train_accuracy,
            "train_loss": self.train_loss,
            "test_loss": self.test_loss,
            "test_accuracy": self.test.to_json(),
            "gap": self.gap,
        }


@dataclass(frozen=True)
class ShortcutsPage:
    """All that the page shows.

    Attributes:
        n_learned: Cells that the networks of all depths learned from.
        n_test_cells: Cells that measure.
        n_test_patients: Their patients.
        repeats: Fits of each setting.
        size_px: Side of the cells.
        optimistic: Whether a patient may be on both sides.
        notes: What must be known, a sentence each.
        depths: The networks.
        regimes: The regimes, from few cells to many.
    """

    n_learned: int
    n_test_cells: int
    n_test_patients: int
    repeats: int
    size_px: int
    optimistic: bool
    notes: Sequence[str]
    depths: Sequence[DepthRow]
    regimes: Sequence[RegimeRow]

    @property
    def sizes(self) -> list[int]:
        """How many cells were learned from, each once."""
        return list(dict.fromkeys(row.cells for row in self.regimes))

    @property
    def changes(self) -> list[str]:
        """What was changed, each once."""
        return list(dict.fromkeys(row.change for row in self.regimes))

    def regime(self, change: str, cells: int) -> RegimeRow:
        """The row of one change and size."""
        return next(row for row in self.regimes if (row.change, row.cells) == (change, cells))

    def tables(self) -> dict[str, Table]:
        """The tables by file name: their columns and rows."""
        return {
            "shortcuts.csv": _looks_table(
                ("kind", "convolutions", "batch_norm"),
                [((row.kind, row.convolutions, row.batch_norm), row.looks) for row in self.depths],
            ),
            "gradients.csv": _gradient_table(self.depths),
            "overfitting.csv": _looks_table(
                ("cells", "change"), [((row.cells, row.change), row.looks) for row in self.regimes]
            ),
        }


def charts(page: ShortcutsPage) -> dict[str, Svg]:
    """The drawings by name."""
    drawn: dict[str, Svg] = {}
    for norm, words in NORMS.items():
        rows = [row for row in page.depths if row.batch_norm is norm]
        word = "norm" if norm else "bare"
        drawn[f"learning-{word}"] = _learning(rows, words)
        drawn[f"gradients-start-{word}"] = _gradients(rows, words, start=True)
        drawn[f"gradients-training-{word}"] = _gradients(rows, words, start=False)
    top = max(_highest_loss(row) for row in page.regimes)
    for place, change in enumerate(page.changes):
        for cells in page.sizes:
            drawn[f"overfitting-{place}-{cells}"] = _overfitting(page.regime(change, cells), top)
    return drawn


def render(page: ShortcutsPage) -> str:
    """The page as HTML: one file without any outside asset."""
    shallow, deep = (pick(row.convolutions for row in page.depths) for pick in (min, max))
    return render_page(
        "shortcuts.html.j2",
        styles=(*STYLES, "lines.css", "shortcuts.css"),
        page=page,
        drawn=charts(page),
        shallow=shallow,
        deep=deep,
        norms=NORMS,
    )


def _looks_table(names: tuple[str, ...], rows: Sequence[tuple[tuple[object, ...], Looks]]) -> Table:
    """A row a look, below what it is of and the number of the fit."""
    figures = ("epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy")
    return (*names, "fit", *figures), [
        [*of, number, *(round(look[figure], 6) for figure in figures)]
        for of, looks in rows
        for number, fit in enumerate(looks)
        for look in fit
    ]


def _gradient_table(rows: Sequence[DepthRow]) -> Table:
    """A row a convolution."""
    header = ("kind", "convolutions", "batch_norm", "convolution", "at_start", "in_training")
    return header, [
        [row.kind, row.convolutions, row.batch_norm, number, f"{start:.6g}", f"{later:.6g}"]
        for row in rows
        for number, (start, later) in enumerate(
            zip(row.first_gradients, row.gradients, strict=True), start=1
        )
    ]


def _over_fits(looks: Looks, figure: str) -> tuple[list[float], np.ndarray]:
    """Epochs [E] that all fits were looked at, and the figure [fits, E] there."""
    shared = min((fit for fit in looks), key=len)
    epochs = [look["epoch"] for look in shared]
    return epochs, np.array([[look[figure] for look in fit[: len(shared)]] for fit in looks])


def _curve(looks: Looks, figure: str, name: str, class_: str) -> Curve:
    """The mean of the fits, with all of them in its band."""
    epochs, values = _over_fits(looks, figure)
    band = (values.min(0).tolist(), values.max(0).tolist()) if len(values) > 1 else ((), ())
    return Curve(name, epochs, values.mean(0).tolist(), class_, *band)


def _learning(rows: Sequence[DepthRow], words: str) -> Svg:
    """The loss on cells that are learned from, over the epochs."""
    shallow = min(row.convolutions for row in rows)
    curves = [_curve(row.looks, "train_loss", row.name, _painted(row, shallow)) for row in rows]
    label = f"Loss on the cells that are learned from, {words}"
    return line_chart(curves, Frame("epoch", "training loss", y=(0.0, 1.0)), label)


def _gradients(rows: Sequence[DepthRow], words: str, *, start: bool) -> Svg:
    """The gradient that reaches each convolution."""
    shallow = min(row.convolutions for row in rows)
    curves = []
    for row in rows:
        sizes = row.first_gradients if start else row.gradients
        places = [float(number) for number in range(1, len(sizes) + 1)]
        curves.append(Curve(row.name, places, sizes, _painted(row, shallow)))
    when = "in the first step" if start else "over all of training"
    frame = Frame("convolution, from the picture on", "mean |dL/dW|", logarithmic=True)
    return line_chart(curves, frame, f"Gradients of each convolution {when}, {words}")


def _painted(row: DepthRow, shallow: int) -> str:
    """The classes of a network's curve: thin and dashed where it is shallow."""
    return COLOURS[row.kind] + (" thin dashed" if row.convolutions == shallow else "")


def _highest_loss(row: RegimeRow) -> float:
    """The highest loss at the end of a curve: what must be seen."""
    return max(max(fit[-1]["train_loss"], fit[-1]["test_loss"]) for fit in row.looks)


def _overfitting(row: RegimeRow, top: float) -> Svg:
    """Both losses over the epochs."""
    curves = [
        _curve(row.looks, "train_loss", "train", "second dashed"),
        _curve(row.looks, "test_loss", "test", "first"),
    ]
    highest = float(np.ceil(2 * top) / 2)
    width, height = SMALL
    frame = Frame("epoch", "loss", y=(0.0, highest), width=width, height=height)
    return line_chart(curves, frame, f"Loss with {row.change} on {row.cells:,} cells")
