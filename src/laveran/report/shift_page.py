"""The page of shifts: what a CNN has by its architecture and a perceptron must learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.metrics import Figure
from laveran.report.lines import Curve, Frame, line_chart
from laveran.report.page import STYLES, render_page
from laveran.report.pictures import data_uri
from laveran.report.svg import Svg

COLOURS = ("first", "second", "third", "fourth")  # of the networks, in their order
WORDS = {"none": "trained on centred cells", "shift": "trained on shifted cells"}
TITLES = {
    "shift": "Shifted",
    "turn": "Turned",
    "scale": "Rescaled",
    "hue": "Hue turned",
    "stain": "Stained more or less",
}
MAP_PX = 128


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A layer that has parameters."""

    operation: str
    output: Sequence[int]
    parameters: int


@dataclass(frozen=True, slots=True)
class NetworkTable:
    """A network layer by layer."""

    name: str
    layers: Sequence[LayerRow]
    parameters: int


@dataclass(frozen=True, slots=True)
class ShiftCurve:
    """A network's accuracy over the amounts of one change.

    Attributes:
        network: Its name.
        augmentation: "none", or "shift" where it was trained on shifted cells.
        amounts: How much the cells were changed.
        figures: Accuracy at each amount.
    """

    network: str
    augmentation: str
    amounts: Sequence[float]
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Portrait:
    """One cell, changed, uint8 [S, S, 3]; and by what, in words."""

    words: str
    picture: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ChangePanel:
    """One change: every network under it, and what it looks like.

    Attributes:
        name: "shift", "turn", "scale", "hue" or "stain".
        unit: What the amounts count.
        nothing: The amount that changes nothing.
        curves: A curve a network and augmentation.
        portraits: A cell at some of the amounts.
    """

    name: str
    unit: str
    nothing: float
    curves: Sequence[ShiftCurve]
    portraits: Sequence[Portrait]


@dataclass(frozen=True)
class ShiftPage:
    """All that the page shows.

    Attributes:
        n_learned: Cells that were learned from.
        n_test_cells: Cells that measure.
        n_test_patients: Their patients.
        repeats: Fits of each network.
        epochs: Of each fit.
        cell_px: Side of a cell.
        side_px: Side of the square that it lies in.
        optimistic: Whether a patient may be on both sides.
        notes: What must be known, a sentence each.
        networks: The networks layer by layer: the CNN, the MLP of as many parameters, others.
        panels: The changes, shifts first.
        gains: By augmentation and shift, the CNN's accuracy less that of the equal MLP.
        drifts: By network and augmentation, how far the embedding moves for 0, 1, 2 ... px.
        equivariance_error: Of the CNN's maps under a shift by the stride, as a share of them.
        stride_px: Pixels from one unit of the maps to the next.
        maps: One map before and after such a shift [2][h][w].
        cell: The cell that it is of, uint8 [S, S, 3].
    """

    n_learned: int
    n_test_cells: int
    n_test_patients: int
    repeats: int
    epochs: int
    cell_px: int
    side_px: int
    optimistic: bool
    notes: Sequence[str]
    networks: Sequence[NetworkTable]
    panels: Sequence[ChangePanel]
    gains: Mapping[tuple[str, str], Figure]
    drifts: Mapping[tuple[str, str], Sequence[float]]
    equivariance_error: float
    stride_px: int
    maps: Sequence[Sequence[Sequence[float]]]
    cell: NDArray[np.uint8]

    @property
    def shifts(self) -> dict[tuple[str, str], ShiftCurve]:
        """The curves under shifts, by network and augmentation."""
        return {(each.network, each.augmentation): each for each in self.panels[0].curves}

    def table(self) -> tuple[Sequence[str], list[list[object]]]:
        """The columns and rows of `shift.csv`."""
        header = ("network", "augmentation", "change", "amount", "accuracy", "low", "high")
        return header, [
            [curve.network, curve.augmentation, panel.name, f"{amount:g}", *_written(figure)]
            for panel in self.panels
            for curve in panel.curves
            for amount, figure in zip(curve.amounts, curve.figures, strict=True)
        ]

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        header, rows = self.table()
        return {
            "n_learned": self.n_learned,
            "n_test_cells": self.n_test_cells,
            "n_test_patients": self.n_test_patients,
            "parameters": {each.name: each.parameters for each in self.networks},
            "equivariance_error": self.equivariance_error,
            "gains": [
                {"augmentation": augmentation, "change": change, **figure.to_json()}
                for (augmentation, change), figure in self.gains.items()
            ],
            "drift": [
                {"network": network, "augmentation": augmentation, "drift": list(drift)}
                for (network, augmentation), drift in self.drifts.items()
            ],
            "accuracy": [dict(zip(header, row, strict=True)) for row in rows],
        }


def charts(page: ShiftPage) -> dict[str, Svg]:
    """The drawings by name."""
    drawn: dict[str, Svg] = {}
    lowest = min(
        figure.low if figure.low is not None else figure.value or 0.0
        for panel in page.panels
        for curve in panel.curves
        for figure in curve.figures
    )
    colours = dict(zip((each.name for each in page.networks), COLOURS, strict=False))
    for panel in page.panels:
        for augmentation, words in WORDS.items():
            curves = [
                _accuracies(curve, colours[curve.network])
                for curve in panel.curves
                if curve.augmentation == augmentation
            ]
            frame = Frame(
                f"{panel.name}, {panel.unit}",
                "accuracy",
                shares=True,
                y=(np.floor(10 * lowest) / 10, 1.0),
                x_ticks=[(amount, f"{amount:g}") for amount in _few(curves[0].x)],
            )
            label = f"Accuracy on test patients over {panel.name}, networks {words}"
            drawn[f"{panel.name}-{augmentation}"] = line_chart(curves, frame, label)
    for augmentation in WORDS:
        curves = [
            Curve(network, [float(px) for px in range(len(values))], values, colours[network])
            for (network, trained), values in page.drifts.items()
            if trained == augmentation
        ]
        frame = Frame("shift, px", "drift of the embedding", shares=True)
        drawn[f"drift-{augmentation}"] = line_chart(curves, frame, "How far embeddings move")
    return drawn


def render(page: ShiftPage) -> str:
    """The page as HTML: one file without any outside asset."""
    return render_page(
        "shift.html.j2",
        styles=(*STYLES, "lines.css", "shift.css"),
        page=page,
        drawn=charts(page),
        words=WORDS,
        titles=TITLES,
        portraits={
            panel.name: [(each.words, data_uri(each.picture)) for each in panel.portraits]
            for panel in page.panels
        },
        moving=_moving(page),
    )


def _written(figure: Figure) -> list[str]:
    """A figure's value and ends for a table."""
    ends = (figure.value, figure.low, figure.high)
    return ["" if end is None else f"{end:.6f}" for end in ends]


def _few(values: Sequence[float]) -> list[float]:
    """So many of the values that their numbers do not meet."""
    step = -(-len(values) // 9)
    return list(values[::step])


def _accuracies(curve: ShiftCurve, class_: str) -> Curve:
    """A curve with its intervals as the band."""
    known = [(each.value or 0.0, each.low, each.high) for each in curve.figures]
    return Curve(
        curve.network,
        [float(amount) for amount in curve.amounts],
        [value for value, _, _ in known],
        class_,
        [value if low is None else low for value, low, _ in known],
        [value if high is None else high for value, _, high in known],
    )


def _moving(page: ShiftPage) -> list[tuple[str, str]]:
    """The cell and one of its maps, before and after a shift by the stride, as pictures."""
    after = np.zeros_like(page.cell)
    after[:, page.stride_px :] = page.cell[:, : -page.stride_px]
    low, high = np.min(page.maps), np.max(page.maps)
    words = (f"the cell, and one of its {len(page.maps[0])} x {len(page.maps[0])} maps",
             f"moved by {page.stride_px} px: the map moves by one unit")  # fmt: skip
    rows = []
    for picture, each, said in zip((page.cell, after), page.maps, words, strict=True):
        grey = np.uint8(255 * (np.array(each) - low) / max(high - low, 1e-12))
        large = cv2.resize(grey, (MAP_PX, MAP_PX), interpolation=cv2.INTER_NEAREST)
        shown = cv2.resize(picture, (MAP_PX, MAP_PX), interpolation=cv2.INTER_NEAREST)
        rows.append((said, data_uri(np.hstack([shown, np.repeat(large[..., None], 3, 2)]))))
    return rows
