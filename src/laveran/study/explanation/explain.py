"""`laveran explain` with the network itself: where it saw something, and how it came to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from laveran.cells.manifest import UNKNOWN
from laveran.errors import ConfigError, ModelError
from laveran.model.explanation import (
    WITHOUT_NETWORK,
    Explanation,
    read_explanation,
    write_explanation,
)
from laveran.model.prediction import Watch
from laveran.model.runtime import SHIPPED, Model, load
from laveran.networks.network import Network, load_members
from laveran.networks.trace import trace
from laveran.report.explain_page import (
    CellMap,
    Excitement,
    Inside,
    LayerMaps,
    Method,
    NamedCell,
    SanityLine,
)
from laveran.study.embedding.neighbours import Apart, nearest
from laveran.study.explanation.attribution import (
    Members,
    evidence,
    grad_cam,
    integrated_gradients,
    mean_logit,
    normalised,
    occlusion,
    plain_cells,
    stages,
)
from laveran.study.explanation.excitation import (
    Unit,
    as_cells,
    exciting_picture,
    layer_name,
    loudest_unit,
    most_exciting,
    parse_unit,
    unit_map,
)
from laveran.study.explanation.sanity import Explains, check_maps
from laveran.training.feed import Feed, prepare_cells

SHOWN = 12  # cells that excite a unit, and neighbours
CHUNK = 1024
LABELS = {1: "parasitized", 0: "uninfected", UNKNOWN: "no label"}
METHODS: dict[Method, Explains] = {
    "occlusion": occlusion,
    "integrated gradients": integrated_gradients,
}
STEPS = 16  # of integrated gradients in the sanity check, which makes dozens of each map


def explain(
    picture: Path | str,
    *,
    model: Path | str | None = None,
    out: Path | str = "explain",
    layers: Sequence[str] = (),
    unit: str | None = None,
    data: Path | str | None = None,
    labels: Path | str | None = None,
    seed: int = 0,
    watch: Watch | None = None,
) -> Explanation:
    """Write a page and a JSON file on what a model says of a picture, and how it came to it.

    Args:
        picture: Picture of one cell.
        model: Run folder, whose network is looked into, or a model file, which has none; None for
            the shipped model.
        out: Folder to write.
        layers: Layers for Grad-CAM; the last at each size of the maps if none.
        unit: What to excite, "layer:number"; if None the unit of the last maps that adds most to
            the cell's logit.
        data: Cells among which to look for neighbours and for those that excite the unit.
        labels: Table of their labels; not needed where folders are the classes.
        seed: Of the weights and pictures that are drawn by chance.
        watch: Called with (stage, done, total, {}).

    Raises:
        DataError: If the picture or the data cannot be read.
        ModelError: If the model cannot be used, or has no network where one is asked for.
        ConfigError: If there is no such layer or unit.
        OutputError: If a file cannot be written.
    """
    found = read_explanation(picture, load(model))
    folder = SHIPPED if model is None else Path(model)
    if not (folder / "network.json").is_file():
        if layers or unit or data:
            raise ModelError(
                f"{folder} holds no network.json: layers, units and neighbours need the run folder"
            )
        write_explanation(found, out, missing=WITHOUT_NETWORK)
        return found
    if labels and not data:
        raise ConfigError("labels tell nothing without --data, the cells that they are of")
    members = load_members(folder)
    wanted = parse_unit(unit) if unit else None
    feed = _cells(found.model, data, labels, watch) if data else None
    inside = _inside(found, members, layers, wanted, feed, seed, watch)
    write_explanation(found, out, inside=inside)
    return found


def _inside(
    found: Explanation,
    members: Members,
    layers: Sequence[str],
    unit: Unit | None,
    feed: Feed | None,
    seed: int,
    watch: Watch | None,
) -> Inside:
    """What the networks tell of the cell."""
    cell = as_cells(found.cell[np.newaxis])  # [1, 3, S, S]
    temperature = found.model.contract.temperature
    first, has_maps = members[0], members[0].has_maps
    named = [layer_name(layer) for layer in layers]
    chosen = (named or stages(first, cell.shape[2])) if has_maps or named else []
    window_px = max(1, cell.shape[2] // 8)
    methods: dict[Method, Explains] = {
        "occlusion": partial(occlusion, window_px=window_px, stride_px=window_px),
        "integrated gradients": partial(integrated_gradients, steps=STEPS),
    }
    if has_maps:
        methods["evidence"] = evidence
    with torch.no_grad():
        fall = mean_logit(members, cell) - mean_logit(members, plain_cells(cell))
    return Inside(
        maps=[
            CellMap(name, (method(members, cell)[0] / temperature).numpy())
            for name, method in METHODS.items()
        ],
        fall=float(fall) / temperature,
        cams=[
            CellMap(
                "grad-cam",
                (grad_cam(members, cell, layer)[0] / temperature).numpy(),
                layer,
            )
            for layer in chosen
        ],
        filters=_filters(first),
        layers=_layer_maps(first, cell),
        sanity=[
            SanityLine(name, line.layers, line.correlation, line.strength, line.survives)
            for name, line in check_maps(members, cell, methods, seed=seed, watch=watch).items()
        ],
        excitement=_excitement(first, cell, unit, feed, seed, watch) if has_maps or unit else None,
        neighbours=_neighbours(found, feed, watch) if feed else (),
        members=len(members),
    )


def _filters(member: Network) -> NDArray[np.float32] | None:
    """The kernels of the first layer [C, 3, k, k]; None where it is no convolution of colours."""
    convolutions = (module for module in member.modules() if isinstance(module, nn.Conv2d))
    first = next(convolutions, None)
    if first is None or first.in_channels != 3:
        return None
    return np.asarray(first.weight.detach().numpy())


def _layer_maps(member: Network, cell: Tensor) -> list[LayerMaps]:
    """The maps of every layer for the cell; dropout, idle in prediction, is left out."""
    with torch.no_grad():
        steps = trace(member.features, normalised(member, cell))
    return [
        LayerMaps(step.name, step.operation, step.output[0].numpy())
        for step in steps
        if step.output.ndim == 4 and not step.operation.startswith("Dropout")
    ]


def _excitement(
    member: Network,
    cell: Tensor,
    unit: Unit | None,
    feed: Feed | None,
    seed: int,
    watch: Watch | None,
) -> Excitement:
    """What excites a unit: a picture, and cells of the data."""
    chosen = (
        "You named this unit."
        if unit
        else "Of the last maps it adds most to the logit of this cell."
    )
    unit = unit or loudest_unit(member, cell)
    here = float(unit_map(member, cell, unit).max())
    drawn = exciting_picture(member, unit, cell.shape[2], seed=seed)
    reached = float(unit_map(member, as_cells(drawn[np.newaxis]), unit).max())
    cells: list[NamedCell] = []
    if feed:
        found = most_exciting(member, feed.pictures, unit, SHOWN, watch)
        cells = [
            _named(feed, index, value, (row, column))
            for index, value, (row, column) in zip(
                found.indexes.tolist(), found.values.tolist(), found.places.tolist(), strict=True
            )
        ]
    return Excitement(str(unit), chosen, drawn, reached, here, cells)


def _neighbours(found: Explanation, feed: Feed, watch: Watch | None) -> list[NamedCell]:
    """The cells of the data nearest to the explained one, itself left out."""
    vectors = []
    for start in range(0, len(feed.pictures), CHUNK):
        some = np.asarray(feed.pictures[start : start + CHUNK])
        vectors.append(found.model.answer(some).embedding)
        if watch:
            watch("embed", min(start + CHUNK, len(feed.pictures)), len(feed.pictures), {})
    query = found.model.answer(found.cell[np.newaxis]).embedding
    itself = (feed.pictures == found.cell).all((1, 2, 3))
    near = nearest(np.concatenate(vectors), query, SHOWN, apart=Apart(itself, np.array([True])))
    there = near.found[0]
    pairs = zip(near.indexes[0][there].tolist(), near.distances[0][there].tolist(), strict=True)
    return [_named(feed, index, distance) for index, distance in pairs]


def _named(
    feed: Feed, index: int, value: float, place: tuple[float, float] | None = None
) -> NamedCell:
    """A cell of the data as the page shows it."""
    cell = feed.manifest[index]
    picture = np.asarray(feed.pictures[index])
    label = LABELS[UNKNOWN if cell.label is None else cell.label]
    return NamedCell(cell.name, cell.patient or "", label, picture, value, place)


def _cells(model: Model, data: Path | str, labels: Path | str | None, watch: Watch | None) -> Feed:
    """The user's cells as the model sees them."""
    contract = model.contract
    return prepare_cells(data, labels, crop=contract.crop, size_px=contract.size_px, watch=watch)
