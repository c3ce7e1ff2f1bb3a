"""Charts of a search: the best value over time, what mattered, and each setting's slice.

An area under the ROC curve is drawn by what it lacks to 1, on a logarithmic scale with the
better above: from 0.98 to 0.99 is as far as from 0.8 to 0.9, half of the mistakes in order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from laveran.report.axes import Axis, Ticks, bottom, labelled, left, round_ticks, widened
from laveran.report.formats import compact, number, share
from laveran.report.svg import Svg, element, group, mark, picture, polyline, text

WIDTH, HEIGHT = 380, 280
LEFT, RIGHT, TOP, BOTTOM = 54.0, 364.0, 32.0, 236.0
LEAST_LACKING = 1e-4
AUROCS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
LOGARITHMIC_FROM = 20.0  # a setting whose largest value is so many times its smallest
COMPLETE = "complete"
Choice = str | int | float


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One trial of a search.

    Attributes:
        number: Its number.
        state: How it ended: "complete", "pruned", "out of time", "failed", or that it has not.
        value: Its area under the ROC curve, on patients that its networks never saw; None if
            it came to none.
        folds: Folds behind the value; 0 where a short fit on the first is all there is.
        accuracy: Share of those cells called what they are.
        blank: Share of controls' cells among them called parasitized.
        seconds: How long it took.
        params: What was chosen, by name of the setting.
        reason: Why it failed.
    """

    number: int
    state: str
    value: float | None = None
    folds: int = 0
    accuracy: float | None = None
    blank: float | None = None
    seconds: float = 0.0
    params: Mapping[str, Choice] = field(default_factory=dict)
    reason: str = ""

    @property
    def reading(self) -> str:
        """The trial in a few words."""
        return f"trial {self.number}, {self.state}: {number(self.value)}"


def over_time(trials: Sequence[TrialRow]) -> Svg | None:
    """Every trial's value over the time spent so far, and the best of the whole ones as a line.

    Args:
        trials: In the order in which they ended.

    Returns:
        The drawing; None where no trial came to a value.
    """
    minutes, spent = [], 0.0
    for trial in trials:
        spent += trial.seconds / 60
        minutes.append(spent)
    measured = [(at, trial) for at, trial in zip(minutes, trials, strict=True) if _known(trial)]
    if not measured:
        return None
    high = widened(0.0, max(spent, 0.1))[1]
    x, (y, ticks) = Axis(0.0, high, LEFT, RIGHT), _heights([trial for _, trial in measured])
    drawn = [
        left(y, ticks, LEFT, RIGHT, "AUROC"),
        bottom(x, labelled(round_ticks(0.0, high)), BOTTOM, "minutes of trials"),
        _best_line(measured, x, y, high),
        *(_point(trial, x.at(at), y) for at, trial in measured),
    ]
    best = max(trial.value or 0.0 for _, trial in measured)
    label = f"{len(measured)} trials in {spent:.0f} minutes; the highest value is {number(best)}"
    return picture(*drawn, width=WIDTH, height=HEIGHT, label=label)


def slice_of(name: str, trials: Sequence[TrialRow]) -> Svg | None:
    """The value of each trial over what it chose for one setting; None where all chose alike."""
    chosen = [trial for trial in trials if name in trial.params and _known(trial)]
    choices = [trial.params[name] for trial in chosen]
    if len(set(choices)) < 2:
        return None
    y, ticks = _heights(chosen)
    numbers = [choice for choice in choices if not isinstance(choice, str)]
    if len(numbers) == len(choices):
        places, below = _number_axis(numbers)
    else:
        places, below = _name_axis([str(choice) for choice in choices])
    drawn = [
        left(y, ticks, LEFT, RIGHT, "AUROC"),
        below,
        *(
            _point(trial, place, y, f"{name.replace('_', ' ')} {_written(trial.params[name])}")
            for trial, place in zip(chosen, places, strict=True)
        ),
    ]
    label = f"The value of {len(chosen)} trials over {name.replace('_', ' ')}"
    return picture(*drawn, width=WIDTH, height=HEIGHT, label=label)


def importance_bars(importances: Mapping[str, float]) -> Svg | None:
    """A bar a setting, the most important first; None where there are none."""
    if not importances:
        return None
    row_px, first_px = 24.0, 150.0
    most = max(importances.values()) or 1.0
    drawn = []
    for place, (name, importance) in enumerate(importances.items()):
        y_px = 8 + place * row_px
        width = (WIDTH - 60 - first_px) * importance / most
        drawn += [
            text(first_px - 8, y_px + 14, name.replace("_", " "), "tick", "end"),
            mark(
                "rect",
                f"{name.replace('_', ' ')}: {share(importance)}",
                x=first_px,
                y=y_px,
                width=max(width, 1.0),
                height=row_px - 6,
                class_="column",
            ),
            text(first_px + width + 8, y_px + 14, share(importance), "tick"),
        ]
    label = "What mattered: " + ", ".join(
        f"{name.replace('_', ' ')} {share(importance)}" for name, importance in importances.items()
    )
    height = 8 + row_px * len(importances)
    return picture(*drawn, width=WIDTH, height=height, label=label)


def _known(trial: TrialRow) -> bool:
    """Whether the trial came to a value."""
    return trial.value is not None and not math.isnan(trial.value)


def _height(value: float | None) -> float:
    """Where a value stands on the logarithmic scale of what it lacks to 1."""
    return -math.log10(max(1 - (value or 0.0), LEAST_LACKING))


def _heights(trials: Sequence[TrialRow]) -> tuple[Axis, Ticks]:
    """The vertical axis that holds the trials' values, and its ticks."""
    heights = [_height(trial.value) for trial in trials]
    margin = max(0.06 * (max(heights) - min(heights)), 0.02)
    low, high = min(heights) - margin, max(heights) + margin
    ticks = [(_height(value), f"{value:g}") for value in AUROCS if low <= _height(value) <= high]
    if len(ticks) < 2:
        ends = (1 - 10 ** -(low + margin), 1 - 10 ** -(high - margin))
        ticks = [(_height(value), f"{value:.4f}") for value in dict.fromkeys(ends)]
    return Axis(low, high, BOTTOM, TOP), ticks


def _best_line(measured: Sequence[tuple[float, TrialRow]], x: Axis, y: Axis, last: float) -> Svg:
    """The best of the whole trials so far, as steps up."""
    places: list[tuple[float, float]] = []
    for at, trial in measured:
        height = y.at(_height(trial.value))
        if trial.state != COMPLETE or (places and height >= places[-1][1]):
            continue
        if places:
            places.append((x.at(at), places[-1][1]))
        places.append((x.at(at), height))
    if not places:
        return Svg()
    places.append((x.at(last), places[-1][1]))
    return polyline([place[0] for place in places], [place[1] for place in places], "roc")


def _point(trial: TrialRow, x_px: float, y: Axis, choice: str = "") -> Svg:
    """A trial, filled where it was measured on all folds, with its read-out."""
    reading = f"{trial.reading} ({choice})" if choice else trial.reading
    kind = "trial" if trial.state == COMPLETE else "trial early"
    return mark("circle", reading, cx=x_px, cy=y.at(_height(trial.value)), r=4, class_=kind)


def _number_axis(numbers: Sequence[float]) -> tuple[list[float], Svg]:
    """Where numbers stand, and their axis."""
    low, high = min(numbers), max(numbers)
    if low > 0 and high / low >= LOGARITHMIC_FROM:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        axis = Axis(powers[0], powers[-1], LEFT + 8, RIGHT - 8)
        ticks = [(float(power), f"{10.0**power:g}") for power in powers]
        return [axis.at(math.log10(each)) for each in numbers], bottom(axis, ticks, BOTTOM, "")
    ends = widened(low, high)
    axis = Axis(*ends, LEFT + 8, RIGHT - 8)
    return [axis.at(each) for each in numbers], bottom(
        axis, labelled(round_ticks(*ends)), BOTTOM, ""
    )


def _name_axis(names: Sequence[str]) -> tuple[list[float], Svg]:
    """Where names stand, side by side, and their axis."""
    known = sorted(set(names))
    axis = Axis(-0.5, len(known) - 0.5, LEFT, RIGHT)
    labels = [
        text(axis.at(float(place)), BOTTOM + 17, name, "tick", "middle")
        for place, name in enumerate(known)
    ]
    ground = element("line", x1=LEFT, y1=BOTTOM, x2=RIGHT, y2=BOTTOM, class_="axis")
    return [axis.at(float(known.index(name))) for name in names], group(ground, *labels)


def _written(choice: Choice) -> str:
    """A choice as it is read."""
    return compact(choice) if isinstance(choice, float) else str(choice)
