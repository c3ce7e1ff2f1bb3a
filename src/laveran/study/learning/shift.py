"""`laveran study shift`: a convolutional network against a perceptron of as many parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import laveran
from laveran import files
from laveran.metrics import Figure, measure, paired_difference
from laveran.model.prediction import Watch
from laveran.networks.describe import describe
from laveran.networks.layers import Settings
from laveran.networks.network import Network, build
from laveran.report.shift_page import (
    ChangePanel,
    LayerRow,
    NetworkTable,
    Portrait,
    ShiftCurve,
    ShiftPage,
    charts,
    render,
)
from laveran.report.standalone import standing_alone
from laveran.study.kept import Kept
from laveran.study.learning.cell_changes import framed, shifted
from laveran.study.learning.course import Followed, Look, follow
from laveran.study.learning.shift_changes import CHANGES, Change
from laveran.study.learning.shift_networks import (
    AUGMENTATIONS,
    CENTRED,
    CNN,
    EPOCHS,
    MLP,
    SIDE_PX,
    networks,
    recipe_of,
)
from laveran.study.learning.sides import learning_side, measuring_side
from laveran.study.learning.translation import drift, equivariance_error, maps_of
from laveran.study.sample import Sample, draw_sample
from laveran.training.batches import Cells, score

CELLS = 3000
CELL_PX = SIDE_PX // 2  # so that no pixel of a cell is lost, however it is shifted or turned
DRIFTS_PX = range(17)
DRIFTING = 200  # cells whose embeddings are followed
RESAMPLES = 1000
REPEATS = 2
Seen = dict[tuple[str, str], list["Fitted"]]  # by network and augmentation, a fit a repeat


class Fitted(Settings):
    """What one network said of changed cells.

    Attributes:
        parameters: Weights and biases.
        end: How training ended.
        calls: By change and amount, what it calls each cell: "1" parasitized, "0" uninfected.
        drift: How far its embedding moved for shifts of 0, 1, 2 ... px.
        equivariance_error: Of its maps; None of a network without maps.
        maps: The map that tells most about one cell, before and after a shift by the stride.
    """

    parameters: int
    end: Look
    calls: dict[str, str]
    drift: tuple[float, ...]
    equivariance_error: float | None = None
    maps: tuple[tuple[tuple[float, ...], ...], ...] = ()


@dataclass(frozen=True)
class Shift:
    """What was found.

    Attributes:
        page: Everything that the page shows.
        sample: The cells behind it.
    """

    page: ShiftPage
    sample: Sample

    def to_json(self) -> dict[str, Any]:
        """The figures as plain values."""
        return self.page.to_json()


def study_shift(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    cells: int | None = CELLS,
    repeats: int = REPEATS,
    seed: int = 0,
    patients: Sequence[Path | str] = (),
    watch: Watch | None = None,
) -> Shift:
    """Train both kinds of network, with and without shifted cells, and measure on changed ones.

    Cells are seen at half the side of the square, so that none is cut off by a shift. Each
    finished fit is kept in `out` and not repeated when the study is asked for again.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of labels; None where folders are the classes.
        out: Folder for the page, its table and pictures, and the fits.
        cells: How many to draw, test cells among them; None for all.
        repeats: Fits of each network, with other seeds.
        seed: Of the draw, the division of patients and the first fits.
        patients: Tables of patients.
        watch: Called with (what is done, done, total, {}).

    Raises:
        DataError: If the data cannot be used.
        ConfigError: If `out` holds a study of other cells or another seed.
    """
    small = draw_sample(
        data, labels, cells=cells, size_px=CELL_PX, patients=patients, seed=seed, watch=watch
    )
    sample = replace(small, pictures=framed(small.pictures, SIDE_PX))
    settings = {"cells": sample.manifest.checksum, "seed": seed, "laveran": laveran.__version__}
    specs = networks()
    kept = Kept(Path(out), settings, len(specs) * len(AUGMENTATIONS) * repeats, watch)
    learned, measured = learning_side(sample, len(sample.manifest)), measuring_side(sample)

    def fitted(name: str, augmentation: str, number: int) -> Fitted:
        recipe = recipe_of(specs[name], augmentation)
        return kept.once(
            f"{name.replace(' ', '-').lower()}-{augmentation}-{number}",
            Fitted,
            lambda tell: _told(follow(recipe, learned, measured, seed=number, tell=tell), measured),
        )

    seen = {
        (name, augmentation): [
            fitted(name, augmentation, number) for number in range(seed, seed + repeats)
        ]
        for name, augmentation in product(specs, AUGMENTATIONS)
    }
    found = Shift(_page(sample, seen, len(learned)), sample)
    _write(found.page, Path(out))
    return found


def _told(followed: Followed, measured: Cells) -> Fitted:
    """What a fitted network says of the test cells and their changed copies."""
    network, course = followed
    network = network.to("cpu").eval()
    pictures = measured.pictures[measured.indexes]
    some = pictures[:DRIFTING]
    stride_px = _stride(network)
    return Fitted(
        parameters=course.parameters,
        end=course.chosen,
        calls={
            change.key(amount): _calls(network, change, amount, pictures)
            for change in CHANGES
            for amount in change.amounts
        },
        drift=tuple(drift(network, some, DRIFTS_PX)),
        equivariance_error=(
            equivariance_error(network, some[:8], stride_px) if network.has_maps else None
        ),
        maps=_maps(network, pictures[_portrayed(measured)], stride_px) if network.has_maps else (),
    )


def _calls(network: Network, change: Change, amount: float, pictures: NDArray[np.uint8]) -> str:
    """What the network calls each changed cell."""
    changed = pictures if amount == change.nothing else change.apply(pictures, amount)
    cells = Cells(changed, np.zeros(len(changed), np.float32), np.arange(len(changed)))
    logit = score(network, cells, torch.device("cpu")).logit
    return "".join(map(str, (logit >= 0).astype(int)))


def _stride(network: Network) -> int:
    """Pixels from one unit of the last maps to the next; the side of all where there are none."""
    if not network.has_maps:
        return SIDE_PX
    blank = np.zeros((1, SIDE_PX, SIDE_PX, 3), np.uint8)
    with torch.no_grad():
        return SIDE_PX // maps_of(network, blank).shape[-1]


def _portrayed(measured: Cells) -> int:
    """The first parasitized test cell, whose picture stands for all."""
    return int(np.argmax(measured.truth[measured.indexes]))


@torch.no_grad()
def _maps(
    network: Network, cell: NDArray[np.uint8], stride_px: int
) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """The map that varies most over the cell, before and after a shift by the stride."""
    both = np.stack([cell, shifted(cell[np.newaxis], stride_px)[0]])
    maps = maps_of(network, both).numpy()  # [2, D, h, w]
    strongest = maps[:, int(maps[0].std((1, 2)).argmax())]
    return tuple(tuple(tuple(row) for row in each) for each in strongest.tolist())


def _page(sample: Sample, seen: Seen, n_learned: int) -> ShiftPage:
    """What the page shows."""
    measured = measuring_side(sample)
    groups = sample.manifest.groups[sample.is_test]
    first = seen[CNN, CENTRED][0]
    return ShiftPage(
        n_learned=n_learned,
        n_test_cells=len(measured),
        n_test_patients=len(set(groups)),
        repeats=len(seen[CNN, CENTRED]),
        epochs=EPOCHS,
        cell_px=CELL_PX,
        side_px=SIDE_PX,
        optimistic=sample.optimistic,
        notes=sample.notes,
        networks=[_network_table(name) for name in networks()],
        panels=[
            ChangePanel(
                change.name,
                change.unit,
                change.nothing,
                [_curve(change, *key, fits, sample) for key, fits in seen.items()],
                _portraits(change, measured),
            )
            for change in CHANGES
        ],
        gains=_gains(seen, sample),
        drifts={
            key: np.mean([fit.drift for fit in fits], axis=0).tolist() for key, fits in seen.items()
        },
        equivariance_error=max(fit.equivariance_error or 0.0 for fit in seen[CNN, CENTRED]),
        stride_px=SIDE_PX // len(first.maps[0]),
        maps=first.maps,
        cell=measured.pictures[measured.indexes[_portrayed(measured)]],
    )


def _network_table(name: str) -> NetworkTable:
    """A network layer by layer."""
    network = build(networks()[name], SIDE_PX).eval()
    description = describe(network, torch.zeros(1, 3, SIDE_PX, SIDE_PX))
    layers = [
        LayerRow(row.operation, row.output, row.parameters)
        for row in description.rows
        if row.parameters
    ]
    return NetworkTable(name, layers, description.parameters)


def _truth(sample: Sample, count: int) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Labels and patients of the test cells, so many times one behind the other."""
    labels, groups = sample.labels[sample.is_test], sample.manifest.groups[sample.is_test]
    return np.tile(labels, count // len(labels)), np.tile(groups, count // len(groups))


def _said(fits: list[Fitted], key: str) -> NDArray[np.float64]:
    """What all fits call the changed cells, one fit behind the other."""
    return np.array([int(call) for fit in fits for call in fit.calls[key]], np.float64)


def _curve(
    change: Change, network: str, augmentation: str, fits: list[Fitted], sample: Sample
) -> ShiftCurve:
    """Accuracy over the amounts of one change; the intervals resample patients, not fits."""
    figures = []
    for amount in change.amounts:
        said = _said(fits, change.key(amount))
        labels, groups = _truth(sample, len(said))
        figures.append(measure("accuracy", labels, said, groups, resamples=RESAMPLES))
    return ShiftCurve(network, augmentation, list(change.amounts), figures)


def _gains(seen: Seen, sample: Sample) -> dict[tuple[str, str], Figure]:
    """By augmentation and shift, how much better the CNN is than the equal MLP, in accuracy."""
    shift = CHANGES[0]
    gains = {}
    for augmentation, amount in product(AUGMENTATIONS, (shift.amounts[0], shift.amounts[-1])):
        ours, theirs = (_said(seen[name, augmentation], shift.key(amount)) for name in (CNN, MLP))
        labels, groups = _truth(sample, len(ours))
        gains[augmentation, shift.key(amount)] = paired_difference(
            labels, ours, theirs, groups, resamples=RESAMPLES
        )
    return gains


def _portraits(change: Change, measured: Cells) -> list[Portrait]:
    """One cell at a few amounts of a change."""
    place = measured.indexes[_portrayed(measured)]
    cell = measured.pictures[place : place + 1]
    few = change.amounts[:: max(1, len(change.amounts) // 4)]
    return [Portrait(change.key(amount), change.apply(cell, amount)[0]) for amount in few]


def _write(page: ShiftPage, out: Path) -> None:
    """The table, the pictures, and at last the page."""
    header, rows = page.table()
    files.write_csv(out / "shift.csv", header, rows)
    for name, drawing in charts(page).items():
        files.write_text(out / f"{name}.svg", standing_alone(drawing, "lines.css") + "\n")
    files.write_text(out / "shift.html", render(page))
