"""The comparison as one picture: a row a method, a panel a figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accuracy.outcome import Outcome
from laveran.metrics import Figure
from laveran.report.axes import Axis, Ticks, labelled, round_ticks, widened
from laveran.report.formats import number, share
from laveran.report.page import asset
from laveran.report.svg import Svg, element, group, line, mark, text

NAMES_PX, PANEL_PX, GAP_PX = 110.0, 146.0, 42.0
ROW_PX, TOP_PX, BOTTOM_PX = 38.0, 46.0, 34.0
# in a picture of its own there is no page around it: paper of its own, rivals in another colour
STYLE = """
svg { background: var(--paper); }
.rival .interval, .rival .value-mark { stroke: var(--uninfected); }
.rival .key { fill: var(--uninfected); }
.ours .key { fill: var(--parasitized); }
.interval { stroke-width: 6; }
"""


@dataclass(frozen=True)
class Panel:
    """One figure of all methods, with the axis that they share."""

    title: str
    better: str
    figure: Callable[[Outcome], Figure]
    written: Callable[[float | None], str]
    ticks: Callable[[float, float], tuple[float, float, Ticks]]


def _shares(low: float, high: float) -> tuple[float, float, Ticks]:
    low, high = widened(low, high, 3)
    return low, high, labelled(round_ticks(low, high, 3), shares=True)


def _numbers(low: float, high: float) -> tuple[float, float, Ticks]:
    low, high = widened(low, high, 3)
    return low, high, labelled(round_ticks(low, high, 3))


def _powers(low: float, high: float) -> tuple[float, float, Ticks]:
    """Powers of ten, for values that are logarithms."""
    low, high = float(math.floor(low)), float(math.ceil(high + 1e-9))
    return low, high, [(float(p), f"{10**p:,}") for p in range(int(low), int(high) + 1)]


def _speed(outcome: Outcome) -> Figure:
    speed = outcome.cells_per_second
    return Figure(None if not speed else math.log10(speed))


PANELS = (
    Panel("accuracy", "more is better", lambda o: o.evaluation.accuracy, share, _shares),
    Panel("AUROC", "more is better", lambda o: o.evaluation.auroc, number, _numbers),
    Panel(
        "sensitivity at 99%",
        "specificity on controls",
        lambda o: o.evaluation.sensitivity_at_99_specificity,
        share,
        _shares,
    ),
    Panel(
        "false positives",
        "on controls, less is better",
        lambda o: o.evaluation.blank_false_positive_rate,
        share,
        _shares,
    ),
    Panel("cells a second", "more is better", _speed, lambda v: f"{10 ** (v or 0):,.0f}", _powers),
)


def drawing(outcomes: Sequence[Outcome]) -> Svg:
    """A picture that stands alone; panels without any figure are left out."""
    panels = [p for p in PANELS if any(p.figure(o).value is not None for o in outcomes)]
    width = NAMES_PX + len(panels) * (PANEL_PX + GAP_PX)
    height = TOP_PX + len(outcomes) * ROW_PX + BOTTOM_PX
    drawn = [_panel(panel, place, outcomes) for place, panel in enumerate(panels)]
    names = [
        group(text(8, _middle(row) + 4, each.name, "key"), class_=_side(each))
        for row, each in enumerate(outcomes)
    ]
    accuracies = ", ".join(f"{o.name} {share(o.evaluation.accuracy.value)}" for o in outcomes)
    return element(
        "svg",
        element("style", Svg(asset("charts.css") + STYLE)),
        *names,
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
        aria_label=f"Accuracy: {accuracies}",
        class_="chart",
    )


def _panel(panel: Panel, place: int, outcomes: Sequence[Outcome]) -> Svg:
    """One figure of all methods."""
    figures = [panel.figure(each) for each in outcomes]
    ends = [end for f in figures for end in (f.value, f.low, f.high) if end is not None]
    low, high, ticks = panel.ticks(min(ends), max(ends))
    first_px = NAMES_PX + place * (PANEL_PX + GAP_PX)
    axis = Axis(low, high, first_px, first_px + PANEL_PX)
    foot = TOP_PX + len(outcomes) * ROW_PX
    drawn = [
        text(first_px, 16, panel.title, "key"),
        text(first_px, 32, panel.better, "axis-title"),
    ]
    for value, label in ticks:
        at = axis.at(value)
        drawn += [
            line(at, TOP_PX, at, foot, "grid"),
            text(at, foot + 17, label, "tick", "middle"),
        ]
    for row, (each, figure) in enumerate(zip(outcomes, figures, strict=True)):
        drawn += _figure(each, figure, panel, axis, _middle(row))
    return group(*drawn)


def _figure(
    outcome: Outcome, figure: Figure, panel: Panel, axis: Axis, y_px: float
) -> Sequence[Svg]:
    """A figure and its interval, its value above."""
    if figure.value is None:
        return []
    at, y_px, drawn = axis.at(figure.value), y_px + 5, []
    if figure.low is not None and figure.high is not None:
        drawn.append(line(axis.at(figure.low), y_px, axis.at(figure.high), y_px, "interval"))
    value = panel.written(figure.value)
    reading = f"{outcome.name}, {panel.title}: {value}"
    drawn += [
        mark("line", reading, x1=at, y1=y_px - 7, x2=at, y2=y_px + 7, class_="value-mark"),
        text(at, y_px - 11, value, "tick", _anchor(axis, at)),
    ]
    return [group(*drawn, class_=_side(outcome))]


def _anchor(axis: Axis, at_px: float) -> str:
    """So that the text stays beside its panel."""
    if at_px - axis.first_px < 14:
        return "start"
    return "end" if axis.last_px - at_px < 14 else "middle"


def _middle(row: int) -> float:
    return TOP_PX + (row + 0.5) * ROW_PX


def _side(outcome: Outcome) -> str:
    return "ours" if outcome.ours else "rival"
