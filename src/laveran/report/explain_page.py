"""The page that explains one answer: where the model saw it, and how its network came to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.report.axes import Axis, bottom, labelled, left
from laveran.report.page import STYLES, render_page
from laveran.report.pictures import (
    Evidence,
    Picture,
    data_uri,
    evidence_ramp,
    evidence_scale,
    fitted,
    with_evidence,
)
from laveran.report.svg import Svg, line, mark, picture, polyline, text

Method = Literal["occlusion", "integrated gradients", "grad-cam", "evidence"]

CELL_PX = 288
TILE_PX, GAP_PX = 48, 2  # of a map on a sheet
MOST_MAPS = 64  # of a layer on its sheet
PAPER = 236  # between the maps of a sheet, light and dark pages alike
WIDTH, HEIGHT = 380, 250
LEFT, RIGHT, TOP, BOTTOM = 46.0, 368.0, 28.0, 206.0


@dataclass(frozen=True, slots=True)
class CellMap:
    """A map over the cell.

    Attributes:
        method: How it was got.
        layer: Of Grad-CAM, the layer; else empty.
        values: float32 [h, w], positive towards parasitized.
    """

    method: Method
    values: Evidence
    layer: str = ""


@dataclass(frozen=True, slots=True)
class LayerMaps:
    """The maps of one layer for the cell.

    Attributes:
        name: The layer's name in the network, as `--layer` takes it.
        operation: What it does.
        maps: float32 [C, h, w].
    """

    name: str
    operation: str
    maps: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SanityLine:
    """How a method's map changes as the network's weights are drawn anew, from the answer back.

    Attributes:
        method: Whose map.
        layers: The layer that was drawn anew at each step.
        correlation: Rank correlation with the map of the trained network, -1..1, after each.
        strength: The same of the maps without their signs.
        survives: Whether the map hardly depends on what the network learned.
    """

    method: Method
    layers: Sequence[str]
    correlation: Sequence[float]
    strength: Sequence[float]
    survives: bool


@dataclass(frozen=True, slots=True)
class NamedCell:
    """A cell of the user's data.

    Attributes:
        name: Its name.
        patient: Whose it is; empty where nothing tells.
        label: "parasitized", "uninfected" or "no label".
        picture: uint8 [S, S, 3].
        value: How far away it is, or how strongly it excites a unit.
        place: Where in it, as shares of its sides from the top left; None for everywhere.
    """

    name: str
    patient: str
    label: str
    picture: Picture
    value: float
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Excitement:
    """What excites one unit.

    Attributes:
        unit: Its layer and number, as `--unit` takes it.
        chosen: Why this one.
        drawn: The picture that was found for it, uint8 [S, S, 3].
        reached: The unit's value for it.
        here: The unit's largest value for the explained cell.
        cells: Real cells that excite it most; none where no data were given.
    """

    unit: str
    chosen: str
    drawn: Picture
    reached: float
    here: float
    cells: Sequence[NamedCell] = ()


@dataclass(frozen=True)
class Inside:
    """What the network itself tells.

    Attributes:
        maps: Occlusion and integrated gradients, in the size of the cell.
        fall: Difference of the logit to that of the cell without anything in it.
        cams: Grad-CAM, a layer each.
        filters: Weights of the first layer, float32 [C, 3, k, k]; None where it is none of ours.
        layers: The maps of every layer.
        sanity: A line a method.
        excitement: What excites a unit; None without maps.
        neighbours: The nearest cells of the user's data; none where no data were given.
        members: How many networks are explained together.
    """

    maps: Sequence[CellMap]
    fall: float
    cams: Sequence[CellMap]
    filters: NDArray[np.float32] | None
    layers: Sequence[LayerMaps]
    sanity: Sequence[SanityLine]
    excitement: Excitement | None
    neighbours: Sequence[NamedCell] = ()
    members: int = 1


@dataclass(frozen=True)
class ExplainReport:
    """All that the page shows.

    Attributes:
        picture: Name of the picture.
        model: What answered.
        image: The picture, uint8 [H, W, 3] RGB.
        cell: What the model sees of it, uint8 [S, S, 3].
        probability: Of "parasitized", 0..1.
        logit: Its log odds.
        call: What the model calls it, in words.
        learned_readings: Whether it learned what readers say, not labels alone.
        evidence: Contribution of each place to the logit [h, w]; None without maps.
        bias: What the logit would be without any evidence.
        stride_px: Pixels of the cell from one unit of `evidence` to the next.
        outlier: Distance from the cells trained on; None without a gate.
        gate: Distance from which on a picture is an outlier.
        disagreement: Standard deviation of an ensemble's members.
        inside: What the network itself tells; None where there is the model file alone.
        notes: What must be known, a sentence each.
    """

    picture: str
    model: str
    image: Picture
    cell: Picture
    probability: float
    logit: float
    call: str
    learned_readings: bool
    evidence: Evidence | None
    bias: float = 0.0
    stride_px: float = 0.0
    outlier: float | None = None
    gate: float | None = None
    disagreement: float | None = None
    inside: Inside | None = None
    notes: Sequence[str] = field(default_factory=tuple)


class Painted(NamedTuple):
    """A map painted on the cell, on a scale of its own."""

    method: Method
    layer: str
    size: str
    picture: str
    scale: float


class Sheet(NamedTuple):
    """The maps of a layer side by side."""

    name: str
    operation: str
    shape: str
    shown: int
    all: int
    picture: str


class Card(NamedTuple):
    """A real cell as the page shows it."""

    cell: NamedCell
    picture: str


def render(report: ExplainReport) -> str:
    """The page as HTML: one file without any outside asset.

    Raises:
        DataError: If a picture is not uint8 RGB.
    """
    inside = report.inside
    return render_page(
        "explain.html.j2",
        styles=(*STYLES, "explain.css"),
        report=report,
        inside=inside,
        original=data_uri(fitted(report.image, CELL_PX)),
        cell=data_uri(_large(report.cell)),
        ramp=data_uri(evidence_ramp()),
        evidence=_painted(report.cell, CellMap("evidence", report.evidence))
        if report.evidence is not None
        else None,
        maps=[_painted(report.cell, each) for each in inside.maps] if inside else [],
        cams=[_painted(report.cell, each) for each in inside.cams] if inside else [],
        filters=data_uri(filter_sheet(inside.filters), 95)
        if inside and inside.filters is not None
        else None,
        layers=[_sheet(each) for each in inside.layers] if inside else [],
        sanity=[(each, sanity_chart(each)) for each in inside.sanity] if inside else [],
        drawn=data_uri(_large(inside.excitement.drawn)) if inside and inside.excitement else None,
        exciting=[_card(each) for each in inside.excitement.cells]
        if inside and inside.excitement
        else [],
        neighbours=[_card(each) for each in inside.neighbours] if inside else [],
    )


def filter_sheet(filters: NDArray[np.float32]) -> Picture:
    """Kernels [C, 3, k, k] as colours: grey is 0, all on one scale.

    >>> filter_sheet(np.zeros((2, 3, 5, 5), np.float32)).shape
    (52, 102, 3)
    """
    most = float(np.abs(filters).max()) or 1.0
    pictures = (127.5 + 127.5 * filters / most).round().astype(np.uint8)
    return _tiled([kernel.transpose(1, 2, 0) for kernel in pictures])


def map_sheet(maps: NDArray[np.float32]) -> Picture:
    """Maps [C, h, w] in grey side by side, black to white from the least to the greatest value.

    >>> map_sheet(np.zeros((3, 4, 4), np.float32)).shape
    (52, 152, 3)
    """
    low, high = float(maps.min()), float(maps.max())
    grey = (255 * (maps - low) / ((high - low) or 1.0)).round().astype(np.uint8)
    return _tiled([cv2.cvtColor(each, cv2.COLOR_GRAY2RGB) for each in grey])


def sanity_chart(of: SanityLine) -> Svg:
    """Rank correlation over the number of layers that were drawn anew."""
    last = max(1, len(of.layers))
    x, y = Axis(0.0, last, LEFT, RIGHT), Axis(-0.4, 1.0, BOTTOM, TOP)
    steps = [*range(0, last + 1, max(1, math.ceil(last / 6)))]
    drawn = [
        left(y, labelled([-0.4, 0.0, 0.4, 0.8]), LEFT, RIGHT, "rank correlation"),
        bottom(x, [(float(step), str(step)) for step in steps], BOTTOM, "layers drawn anew"),
        line(LEFT, y.at(0.0), RIGHT, y.at(0.0), "chance"),
    ]
    ends = []
    for values, kind, name in (
        (of.strength, "train", "strength alone"),
        (of.correlation, "roc", "with its sign"),
    ):
        heights = [y.at(1.0), *(y.at(max(value, -0.4)) for value in values)]
        drawn.append(polyline([x.at(float(step)) for step in range(last + 1)], heights, kind))
        ends.append(heights[-1])
        for step, (layer, value) in enumerate(zip(of.layers, values, strict=True), 1):
            reading = f"{name}, down to {layer}: {value:.2f}"
            drawn.append(
                mark("circle", reading, cx=x.at(float(step)), cy=heights[step], r=7, class_="probe")
            )
    drawn += [
        text(RIGHT, TOP - 12, "with its sign", "key parasitized", "end"),
        text(RIGHT - 92, TOP - 12, "strength alone", "key uninfected", "end"),
    ]
    label = (
        f"{of.method}: with all weights drawn anew the map's rank correlation with the original "
        f"is {of.correlation[-1]:.2f}, that of its strength {of.strength[-1]:.2f}"
    )
    return picture(*drawn, width=WIDTH, height=HEIGHT, label=label)


def _painted(cell: Picture, of: CellMap) -> Painted:
    """The map on the cell."""
    scale = evidence_scale([of.values])
    height, width = of.values.shape
    overlay = with_evidence(_large(cell), of.values, scale)
    return Painted(of.method, of.layer, f"{width} x {height}", data_uri(overlay), scale)


def _large(cell: Picture) -> Picture:
    """The cell in the size of the page."""
    return fitted(cell, CELL_PX)


def _sheet(layer: LayerMaps) -> Sheet:
    """The maps of a layer, those with the greatest spread first where they are too many."""
    n, height, width = layer.maps.shape
    chosen = np.sort(np.argsort(-layer.maps.std((1, 2)), kind="stable")[:MOST_MAPS])
    sheet = data_uri(map_sheet(layer.maps[chosen]))
    return Sheet(layer.name, layer.operation, f"{n} x {width} x {height}", len(chosen), n, sheet)


def _card(cell: NamedCell) -> Card:
    """A real cell, a ring about the place that counts."""
    image = fitted(cell.picture)
    if cell.place is not None:
        side = image.shape[0]
        centre = (round(cell.place[1] * side), round(cell.place[0] * side))
        image = np.ascontiguousarray(image)
        for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.circle(image, centre, side // 7, colour, width, cv2.LINE_AA)
    return Card(cell, data_uri(image))


def _tiled(pictures: Sequence[Picture]) -> Picture:
    """Square pictures in rows of at most 16, each enlarged without smoothing."""
    columns = min(16, len(pictures))
    rows = math.ceil(len(pictures) / columns)
    step = TILE_PX + GAP_PX
    sheet = np.full((rows * step + GAP_PX, columns * step + GAP_PX, 3), PAPER, np.uint8)
    for index, each in enumerate(pictures):
        top, start = (GAP_PX + step * place for place in divmod(index, columns))
        sheet[top : top + TILE_PX, start : start + TILE_PX] = cv2.resize(
            each, (TILE_PX, TILE_PX), interpolation=cv2.INTER_NEAREST
        )
    return sheet
