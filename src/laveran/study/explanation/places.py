"""Cells whose parasites' places are known: drawn ones, or real ones by their stained spots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.cells.crop import Picture, letterbox
from laveran.cells.drawing_parasites import draw_stage
from laveran.cells.synthetic import DrawnCell, draw_cell, draw_patient
from laveran.errors import ConfigError
from laveran.model.prediction import Watch
from laveran.study.explanation.spots import stained_spots
from laveran.training.feed import prepare_cells, require_labels

STREAM = 160800507  # no data set is drawn by this seed: these patients are in none
CELLS_PER_PATIENT = 10


@dataclass(frozen=True)
class Places:
    """Parasitized cells and where their parasites lie.

    Attributes:
        pictures: Prepared cells uint8 [N, S, S, 3].
        targets: Where parasites lie, bool [N, S, S]; nowhere empty.
        patients: Whose each is [N].
        names: What each is called [N]; of drawn cells the stage.
        left_out: Cells without a known place.
        drawn: Whether the places are the truth, not a guess by colour.
    """

    pictures: NDArray[np.uint8]
    targets: NDArray[np.bool_]
    patients: Sequence[str]
    names: Sequence[str]
    left_out: int
    drawn: bool

    def __len__(self) -> int:
        return len(self.pictures)

    def distance_px(self, peaks: NDArray[np.int64]) -> NDArray[np.float64]:
        """How far points [N, 2] (row, column) are from the parasite in px [N]; 0 upon it."""
        return np.array(
            [
                float(_distances(target)[row, column])
                for target, (row, column) in zip(self.targets, peaks.tolist(), strict=True)
            ]
        )

    def chance(self, tolerance_px: float) -> NDArray[np.float64]:
        """The share of each cell's area that lies within a distance of the parasite [N], 0..1."""
        return np.array(
            [
                float((_distances(target)[picture.max(2) > 0] <= tolerance_px).mean())
                for target, picture in zip(self.targets, self.pictures, strict=True)
            ]
        )


def drawn_places(cells: int, *, size_px: int, seed: int = 0) -> Places:
    """Drawn parasitized cells, ten a patient, stages as often as blood shows them.

    Args:
        cells: How many.
        size_px: Side of the prepared cells.
        seed: Of the drawing; no data set of `cells.synthetic_dataset` has these patients.

    Raises:
        ConfigError: If `cells` is below 1.

    Example:
        >>> places = drawn_places(3, size_px=32)
        >>> places.targets.shape, len(set(places.patients))
        ((3, 32, 32), 1)
    """
    if cells < 1:
        raise ConfigError("at least one cell must be pointed at")
    found: list[DrawnCell] = []
    patients: list[str] = []
    for number in range(-(-cells // CELLS_PER_PATIENT)):
        rng = np.random.default_rng([STREAM, seed, number])
        patient = draw_patient(rng)
        for _ in range(min(CELLS_PER_PATIENT, cells - len(found))):
            found.append(draw_cell(rng, patient, draw_stage(rng)))
            patients.append(f"drawn {number + 1}")
    pictures = np.stack([letterbox(cell.image, size_px) for cell in found])
    targets = np.stack([letterboxed(cell.parasite_mask, size_px) for cell in found])
    return _known(pictures, targets, patients, [str(cell.stage) for cell in found], drawn=True)


def stained_places(
    data: Path | str,
    labels: Path | str | None,
    cells: int,
    *,
    crop: str,
    size_px: int,
    seed: int = 0,
    watch: Watch | None = None,
) -> Places:
    """Real cells labelled parasitized, and their stained spots.

    Args:
        data: Zip or folder of cells.
        labels: Table of labels; None where folders are the classes.
        cells: How many to draw; those without a spot are left out of them.
        crop: Name of the crop-to-input procedure.
        size_px: Side of the prepared cells.
        seed: Of the draw.
        watch: Called with ("read cells", done, total, {}).

    Raises:
        DataError: If the data cannot be used.
        ConfigError: If `cells` is below 1.
    """
    if cells < 1:
        raise ConfigError("at least one cell must be pointed at")
    feed = prepare_cells(data, labels, crop=crop, size_px=size_px, watch=watch)
    require_labels(feed, data)
    parasitized = np.flatnonzero(feed.manifest.labels == 1)
    order = np.random.default_rng(seed).permutation(parasitized)[:cells]
    chosen = np.sort(order)
    pictures = np.asarray(feed.pictures[chosen])
    manifest = feed.manifest.select(chosen)
    targets = np.array([stained_spots(each) for each in pictures], np.bool_)
    groups = [str(group) for group in manifest.groups.tolist()]
    return _known(pictures, targets, groups, list(manifest.names), drawn=False)


def letterboxed(mask: NDArray[np.bool_], size_px: int) -> NDArray[np.bool_]:
    """A mask bool [H, W] of a picture where `letterbox` puts that picture: bool [S, S].

    A pixel is in it where the mask covers at least half of it.

    Example:
        >>> letterboxed(np.ones((20, 40), bool), 8)[:, 0].astype(int).tolist()
        [0, 0, 1, 1, 1, 1, 0, 0]
    """
    painted: Picture = np.where(mask, 255, 0).astype(np.uint8)[..., np.newaxis].repeat(3, axis=2)
    return np.asarray(letterbox(painted, size_px)[..., 0] > 127)


def _known(
    pictures: NDArray[np.uint8],
    targets: NDArray[np.bool_],
    patients: Sequence[str],
    names: Sequence[str],
    *,
    drawn: bool,
) -> Places:
    """The cells with a target."""
    there = np.flatnonzero(targets.reshape(len(targets), -1).any(axis=1)).tolist()
    return Places(
        pictures[there],
        targets[there],
        [patients[index] for index in there],
        [names[index] for index in there],
        len(targets) - len(there),
        drawn,
    )


def _distances(target: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of each pixel to the nearest one of the target, in px [S, S]."""
    away = (~target).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
