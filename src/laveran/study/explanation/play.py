"""`laveran study pointing`: the pointing game on drawn or real cells, as a table and a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from laveran import files
from laveran.errors import LabelsError
from laveran.metrics import calibrated
from laveran.model.prediction import Watch
from laveran.model.runtime import SHIPPED, load
from laveran.networks.network import load_members
from laveran.report.pointing_page import PointedCell, PointingReport, PointingRow, render
from laveran.study.explanation.places import Places, drawn_places, stained_places
from laveran.study.explanation.pointing import Pointing, Row, point

CELLS = 200
SHOWN = 24
HEADER = ("method", "cells", "hits", "low", "high", "chance", "among", "exact", "distance_px")
_DRAWN = (
    "{cells} drawn parasitized cells of {patients} drawn patients, who are in no data set; where "
    "the parasites lie is known."
)
_STAINED = (
    "{cells} cells labelled parasitized of {patients} patients, by chance; where the parasites lie "
    "is guessed by stain: spots that absorb red and green light clearly more than their cell. "
    "{left_out} further cells have no such spot and are left out."
)
_LEARNED = (
    "the model may have learned from these very cells; that flatters its answers, and its maps"
)


def play(
    data: Path | str | None = None,
    labels: Path | str | None = None,
    *,
    model: Path | str | None = None,
    out: Path | str = "pointing",
    cells: int = CELLS,
    seed: int = 0,
    watch: Watch | None = None,
) -> Pointing:
    """Measure how often the peaks of a network's maps lie on the parasite.

    Args:
        data: Zip or folder of real cells, whose stained spots stand for parasites; None for drawn
            cells, where the truth is known.
        labels: Table of their labels; None where folders are the classes.
        model: Run folder; None for the shipped model.
        out: Folder for `pointing.csv` and `pointing.html`.
        cells: How many cells to draw.
        seed: Of the draw and of the intervals.
        watch: Called with (method, done, total, {}).

    Raises:
        LabelsError: If there are labels without data, or cells without labels.
        DataError: If the data cannot be used.
        ModelError: If the folder holds no network.
        ConfigError: If the network has no maps, or no cell has a known place.
        OutputError: If a file cannot be written.
    """
    if labels and not data:
        raise LabelsError("labels tell nothing without the cells that they are of")
    folder = SHIPPED if model is None else Path(model)
    members = load_members(folder)
    contract = load(folder).contract
    if data is None:
        places = drawn_places(cells, size_px=contract.size_px, seed=seed)
    else:
        places = stained_places(
            data,
            labels,
            cells,
            crop=contract.crop,
            size_px=contract.size_px,
            seed=seed,
            watch=watch,
        )
    found = point(members, places, seed=seed, watch=watch)
    name = "the shipped model" if model is None else str(model)
    files.write_csv(Path(out) / "pointing.csv", HEADER, map(_line, found.rows))
    files.write_text(Path(out) / "pointing.html", render(_report(found, name)))
    return found


def _line(row: Row) -> tuple[object, ...]:
    """A row of the table."""
    figures = (row.hits.value, row.hits.low, row.hits.high, row.chance)
    rounded = [None if figure is None else round(figure, 4) for figure in figures]
    exact = None if row.exact.value is None else round(row.exact.value, 4)
    return (row.method, row.cells, *rounded, row.among, exact, round(row.distance_px, 2))


def _report(found: Pointing, model: str) -> PointingReport:
    """What the page shows."""
    places = found.places
    sentence = _DRAWN if places.drawn else _STAINED
    protocol = sentence.format(
        cells=len(places), patients=len(set(places.patients)), left_out=places.left_out
    )
    among = dict.fromkeys(row.among for row in found.rows)
    apart = found.distance_px["evidence"]
    furthest = np.argsort(-apart, kind="stable")
    missed = furthest[apart[furthest] > found.tolerance_px]
    hit = np.flatnonzero(apart <= found.tolerance_px)
    return PointingReport(
        title="drawn cells" if places.drawn else "real cells by their stain",
        model=model,
        protocol=f"{protocol} The maps are those of {model}.",
        tolerance_px=found.tolerance_px,
        tables=[
            (which, [_page_row(row) for row in found.rows if row.among == which]) for which in among
        ],
        hits=_shown(found, hit.tolist()),
        misses=_shown(found, missed.tolist()),
        notes=() if places.drawn else (_LEARNED,),
    )


def _page_row(row: Row) -> PointingRow:
    """A row as the page shows it."""
    return PointingRow(row.method, row.cells, row.hits, row.exact, row.chance, row.distance_px)


def _shown(found: Pointing, indexes: Sequence[int]) -> list[PointedCell]:
    """Some cells with their peaks."""
    places: Places = found.places
    evidence, gradients = found.peaks["evidence"], found.peaks["integrated gradients"]
    return [
        PointedCell(
            name=places.names[index],
            picture=places.pictures[index],
            target=places.targets[index],
            peak=(int(evidence[index, 0]), int(evidence[index, 1])),
            other=(int(gradients[index, 0]), int(gradients[index, 1])),
            distance_px=float(found.distance_px["evidence"][index]),
            probability=float(calibrated(found.logit)[index]),
        )
        for index in indexes[:SHOWN]
    ]
