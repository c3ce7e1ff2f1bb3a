"""The ROC curve: what each threshold finds, and what it calls in vain."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from laveran.metrics import RocCurve, confusion_matrix, roc_curve
from laveran.report.axes import TENTHS, Axis, bottom, labelled, left
from laveran.report.formats import number, share
from laveran.report.svg import Svg, element, group, line, mark, picture, polyline, text

SIDE = 380  # of the drawing, in its own coordinates
LEFT, RIGHT, TOP, BOTTOM = 50.0, 364.0, 32.0, 336.0  # where the curve is
APART_PX = 10  # between the read-outs on the curve


def roc(
    y_true: ArrayLike,
    y_prob: ArrayLike,
    threshold: float = 0.5,
    called: ArrayLike | None = None,
) -> Svg | None:
    """The ROC curve with the operating point, and the corner that matters enlarged.

    Args:
        y_true: Labels [N], 1 parasitized, 0 uninfected.
        y_prob: Probabilities of "parasitized" [N].
        threshold: The operating point: parasitized where `y_prob >= threshold`.
        called: Whether each cell is called parasitized [N], where not all are by `threshold`.

    Returns:
        The drawing; None for cells of one class, which have no such curve.

    Raises:
        DataError: If the arrays do not fit (see `laveran.metrics`).
    """
    curve = roc_curve(y_true, y_prob)
    if np.isnan(curve.sensitivity).any() or np.isnan(curve.false_positive_rate).any():
        return None
    calls = np.asarray(y_prob) >= threshold if called is None else called
    (tn, fp), (fn, tp) = confusion_matrix(y_true, calls)
    here = (float(fp / (tn + fp)), float(tp / (fn + tp)))
    x, y = Axis(0, 1, LEFT, RIGHT), Axis(0, 1, BOTTOM, TOP)
    drawn = [
        bottom(x, TENTHS, BOTTOM, "uninfected cells called parasitized"),
        left(y, TENTHS, LEFT, RIGHT, "parasitized cells found"),
        line(LEFT, BOTTOM, RIGHT, TOP, "chance"),
        _line(curve, x, y),
        _operating_point(here, threshold, x, y),
    ]
    floor = _corner_floor(curve)
    if floor is not None:
        drawn.append(_corner(curve, here, threshold, floor))
    label = (
        f"ROC curve. At the operating point, threshold {number(threshold)}, {share(here[1])} of "
        f"parasitized cells are found and {share(here[0])} of uninfected cells are called "
        "parasitized."
    )
    return picture(*drawn, width=SIDE, height=SIDE, label=label)


def _line(curve: RocCurve, x: Axis, y: Axis) -> Svg:
    """The part of the curve that both axes hold, with a read-out every few pixels."""
    across, up = curve.false_positive_rate, curve.sensitivity
    inside = (across <= x.high) & (up >= y.low)
    entry = [] if inside[0] else [(np.interp(y.low, up, across), y.low)]
    leave = [] if inside[-1] else [(x.high, np.interp(x.high, across, up))]
    drawn = np.array([*entry, *zip(across[inside], up[inside], strict=True), *leave])  # [M, 2]
    x_px, y_px = x.at(across), y.at(up)
    probes = [
        mark(
            "circle",
            f"threshold {number(float(curve.threshold[i]))}: {share(float(curve.sensitivity[i]))} "
            f"found, {share(float(curve.false_positive_rate[i]))} false alarms",
            cx=float(x_px[i]),
            cy=float(y_px[i]),
            r=6,
            class_="probe",
        )
        for i in _apart(x_px, y_px, inside & np.isfinite(curve.threshold))
    ]
    return group(polyline(x.at(drawn[:, 0]), y.at(drawn[:, 1]), "roc"), *probes)


def _apart(
    x_px: NDArray[np.float64], y_px: NDArray[np.float64], allowed: NDArray[np.bool_]
) -> list[int]:
    """Indexes of allowed points that lie at least `APART_PX` from the one chosen before."""
    chosen: list[int] = []
    for i in np.flatnonzero(allowed).tolist():
        last = chosen[-1] if chosen else None
        if last is None or np.hypot(x_px[i] - x_px[last], y_px[i] - y_px[last]) >= APART_PX:
            chosen.append(i)
    return chosen


def _operating_point(here: tuple[float, float], threshold: float, x: Axis, y: Axis) -> Svg:
    """The ring on the curve where the calls are made."""
    return mark(
        "circle",
        f"operating point, threshold {number(threshold)}: {share(here[1])} found, "
        f"{share(here[0])} false alarms",
        cx=x.at(here[0]),
        cy=y.at(here[1]),
        r=5,
        class_="operating",
    )


def _corner_floor(curve: RocCurve) -> float | None:
    """Where the enlarged corner's sensitivity begins; None where it would cover the curve."""
    at_1, at_10 = np.interp([0.01, 0.1], curve.false_positive_rate, curve.sensitivity)
    if at_10 < 0.85:
        return None
    return float(np.clip(np.floor(at_1 * 10) / 10, 0.5, 0.9))


def _corner(curve: RocCurve, here: tuple[float, float], threshold: float, floor: float) -> Svg:
    """The corner up to 10% false alarms, enlarged, in the empty half of the chart."""
    x, y = Axis(0, 0.1, 190, 352), Axis(floor, 1, 292, 150)
    half = (1 - floor) / 2
    heights = labelled([floor, floor + half, 1.0], shares=True)
    drawn = [
        element("rect", x=146, y=120, width=214, height=206, class_="inset"),
        text(352, 136, "this corner, enlarged", "axis-title", "end"),
        left(y, heights, 190, 352, ""),
        bottom(x, [(0, "0%"), (0.05, "5%"), (0.1, "10%")], 292, ""),
        _line(curve, x, y),
    ]
    if here[0] <= x.high and here[1] >= floor:
        drawn.append(_operating_point(here, threshold, x, y))
    return group(*drawn)
