"""The pointing game: how often the peak of a map lies on the parasite.

Zhang et al. 2018 (arXiv:1608.00507, section 4.1): a map hits where its greatest value lies on the
thing, or within a tolerance of it. Here the tolerance is half the diagonal of a place of the
evidence map, as far as a peak can be off by the map's grid alone. By chance a point anywhere in the
cell hits as often as the thing with that margin covers of the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from laveran.errors import ConfigError
from laveran.metrics import Figure, measure
from laveran.model.prediction import Watch
from laveran.study.explanation.attribution import (
    Members,
    enlarged,
    evidence,
    grad_cam,
    integrated_gradients,
    mean_logit,
    occlusion,
    stages,
)
from laveran.study.explanation.excitation import as_cells
from laveran.study.explanation.places import Places
from laveran.study.explanation.spots import RIM_PX
from laveran.study.foreground import masks

CHUNK = 16  # cells between two words to the watch
ALONE = "darkest spot, no network"
STEPS = 32  # of integrated gradients: their peaks are those of 64
WINDOW = 1 / 8  # of occlusion, as a share of the side; its step is half of that
CALLED, ALL = "called parasitized", "all"
HARD = "whose darkest spot is no parasite"

Points = Callable[[Members, Tensor], Tensor]  # networks and cells [N, 3, S, S] -> [N, h, w]


@dataclass(frozen=True, slots=True)
class Row:
    """How often one method points at the parasite.

    Attributes:
        method: Its name.
        among: Which cells: `CALLED`, `ALL` or `HARD`.
        cells: How many.
        hits: Share of peaks within the tolerance, with an interval by resampling patients.
        exact: The same without any tolerance.
        chance: Share of hits of points anywhere in the cells.
        distance_px: Median distance of a peak to the parasite, 0 upon it.
    """

    method: str
    among: str
    cells: int
    hits: Figure
    exact: Figure
    chance: float
    distance_px: float

    def to_json(self) -> dict[str, Any]:
        """The row as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Pointing:
    """What came out of the game.

    Attributes:
        places: The cells, and where their parasites lie.
        logit: What the networks say of each [N].
        peaks: Row and column of each method's peak in each cell, int64 [N, 2].
        distance_px: How far each peak is from the parasite [N]; 0 upon it.
        tolerance_px: Up to where a peak hits.
        rows: The figures: a row a method, on cells called parasitized, on all, and on those of all
            whose darkest spot does not hit.
    """

    places: Places
    logit: NDArray[np.float32]
    peaks: Mapping[str, NDArray[np.int64]]
    distance_px: Mapping[str, NDArray[np.float64]]
    tolerance_px: float
    rows: tuple[Row, ...] = field(default_factory=tuple)


def methods(members: Members, size_px: int) -> dict[str, Points]:
    """The maps that are compared, by name.

    Raises:
        ConfigError: If the networks have no maps.
    """
    if not members[0].has_maps:
        raise ConfigError("a network without maps has no evidence map that could point anywhere")
    window_px = max(1, round(WINDOW * size_px))
    step_px = max(1, window_px // 2)
    finer = stages(members[0], size_px)[:-1]  # Grad-CAM of the last is the evidence map's peak
    return {
        "evidence": evidence,
        **{f"grad-cam {layer}": partial(grad_cam, layer=layer) for layer in finer},
        "occlusion": partial(occlusion, window_px=window_px, stride_px=step_px),
        "integrated gradients": partial(integrated_gradients, steps=STEPS),
    }


def point(
    members: Members, places: Places, *, seed: int = 0, watch: Watch | None = None
) -> Pointing:
    """Play the game with every method.

    Args:
        members: The networks.
        places: Cells whose parasites' places are known.
        seed: Of the intervals.
        watch: Called with (method, done, total, {}).

    Raises:
        ConfigError: If the networks have no maps, or there are no cells.
    """
    if not len(places):
        raise ConfigError("there is no cell with a known place to point at")
    cells = as_cells(places.pictures)
    side = cells.shape[2]
    with torch.no_grad():
        logit = mean_logit(members, cells).numpy()
        place_px = side / evidence(members, cells[:1]).shape[1]
    tolerance_px = place_px / 2**0.5
    peaks = {
        name: _peaks(name, method, members, cells, watch)
        for name, method in methods(members, side).items()
    }
    peaks[ALONE] = darkest(places.pictures)
    distance = {name: places.distance_px(found) for name, found in peaks.items()}
    which = {
        CALLED: logit > 0,
        ALL: np.ones(len(places), np.bool_),
        HARD: distance[ALONE] > tolerance_px,
    }
    rows = tuple(
        _row(name, among, chosen, apart, places, tolerance_px, seed)
        for among, chosen in which.items()
        if chosen.any()
        for name, apart in distance.items()
    )
    return Pointing(places, logit, peaks, distance, tolerance_px, rows)


def peaks_of(maps: Tensor, cells: Tensor) -> NDArray[np.int64]:
    """Row and column of the greatest value of maps [N, h, w] within their cells: [N, 2].

    In the black margin there is no parasite to be looked for, and a coarse map, whose places sum
    up their surroundings, often has its peak there, beside a parasite near the rim.

    Example:
        >>> cells = torch.tensor([[0.0, 9.0], [9.0, 9.0]]).expand(1, 3, 2, 2)
        >>> peaks_of(torch.tensor([[[4.0, 1.0], [2.0, 3.0]]]), cells).tolist()
        [[1, 1]]
    """
    side_px = cells.shape[2]
    large = maps if maps.shape[1] == side_px else enlarged(maps, side_px)
    within = large.masked_fill(cells.amax(1) == 0, -torch.inf)
    place = within.flatten(1).argmax(1).numpy()
    return np.stack([place // side_px, place % side_px], axis=1)


def darkest(pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Row and column of the darkest spot within each of cells uint8 [N, S, S, 3]: [N, 2].

    What points without any network: a method must do better than that to have told something.
    """
    found = []
    for picture, body in zip(pictures, masks(pictures, RIM_PX), strict=True):
        grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), 1.0)
        place = int(np.where(body, grey, 255).argmin())
        found.append(divmod(place, grey.shape[1]))
    return np.array(found, np.int64).reshape(-1, 2)


def _peaks(
    name: str, method: Points, members: Members, cells: Tensor, watch: Watch | None
) -> NDArray[np.int64]:
    """The peaks of one method, a chunk of cells at a time."""
    found = []
    for start in range(0, len(cells), CHUNK):
        some = cells[start : start + CHUNK]
        found.append(peaks_of(method(members, some).detach(), some))
        if watch:
            watch(name, min(start + CHUNK, len(cells)), len(cells), {})
    return np.concatenate(found)


def _row(
    name: str,
    among: str,
    chosen: NDArray[np.bool_],
    distance: NDArray[np.float64],
    places: Places,
    tolerance_px: float,
    seed: int,
) -> Row:
    """The figures of one method on chosen cells."""
    apart, patients = distance[chosen], np.array(places.patients)[chosen]
    there = np.ones(len(apart), np.int64)
    hits, exact = (
        measure("accuracy", there, (apart <= limit).astype(float), patients, seed=seed)
        for limit in (tolerance_px, 0)
    )
    chance = float(places.chance(tolerance_px)[chosen].mean())
    return Row(name, among, len(apart), hits, exact, chance, float(np.median(apart)))
