"""Synthetic red cells: drawn from nothing by a seed, segmented on black like NIH's crops.

For tests and demonstrations, where no patient's picture may be. Each patient has a stain, a lamp
and a camera of their own; parasitized and uninfected cells alike carry what misleads on real
films: platelets, stain deposit, drying artefacts. A network trained on these cells knows these
cells, not malaria.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from laveran.cells.drawing import Canvas, Floats, Mask, Picture, Stain, draw_stain, mottle
from laveran.cells.drawing_blood import Body, paint_misleading, paint_red_cell, red_cell_outline
from laveran.cells.drawing_parasites import STAGES, paint_parasites
from laveran.errors import ConfigError

SMALLEST_PX, LARGEST_PX = 46, 394  # NIH's crops
STEP_PX = 3  # NIH's outlines were found on a picture reduced three times, and show it
INK = np.array([1.0, 2.0, 1.4, 2.0, 0.0], np.float32)  # how each material weighs in an outline
NEIGHBOUR_SHARE = 0.08
MISLEADING_SHARE = 0.25  # so that counting purple pixels does not tell the classes apart


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """One drawn cell and the truth about it.

    Attributes:
        image: uint8 [H, W, 3] RGB, black outside the outline and nowhere else.
        label: 1 parasitized, 0 uninfected.
        stage: "ring", "trophozoite", "schizont" or "gametocyte"; None if uninfected.
        parasite_mask: Where parasites lie, vacuoles included, bool [H, W].
        outline_mask: What was segmented as the cell, bool [H, W].
    """

    image: Picture
    label: int
    stage: str | None
    parasite_mask: Mask
    outline_mask: Mask


@dataclass(frozen=True, slots=True)
class LaidCell:
    """A cell as it lies on the film, before it is photographed.

    Attributes:
        canvas: All that lies there, in the window of its outline.
        empty: The densities before any parasite was laid, of red cells alone [5, H, W].
        infected: With the parasites, before a platelet, deposit or the like was laid [5, H, W].
        outline_mask: What was segmented as the cell, bool [H, W].
    """

    canvas: Canvas
    empty: Floats
    infected: Floats
    outline_mask: Mask


@dataclass(frozen=True, slots=True)
class Patient:
    """What the cells of one patient have in common.

    Attributes:
        stain: How their film is stained, lit and photographed.
        diameter_px: Mean diameter of their cells.
        pallor: Mean central pallor, 0..1.
        roughness: How uneven their cells' outlines are; 1 is usual.
        raggedness: Share of their cells that are torn or raggedly segmented, 0..1.
        misleading: Share of their cells with a platelet, deposit or the like, 0..1.
    """

    stain: Stain
    diameter_px: float
    pallor: float
    roughness: float
    raggedness: float
    misleading: float = MISLEADING_SHARE


def draw_patient(rng: np.random.Generator) -> Patient:
    """A patient, drawn at random."""
    return Patient(
        stain=draw_stain(rng),
        diameter_px=float(np.clip(rng.normal(124, 9), 100, 165)),
        pallor=float(rng.beta(1.2, 4)),
        roughness=float(np.exp(rng.normal(0, 0.4))),
        raggedness=float(rng.beta(0.5, 3)),
    )


def draw_cell(rng: np.random.Generator, patient: Patient, stage: str | None = None) -> DrawnCell:
    """One cell of a patient, with parasites of a stage or without any.

    Args:
        rng: Source of chance.
        patient: Whose cell.
        stage: One of `drawing_parasites.STAGES`; None for an uninfected cell.

    Raises:
        ConfigError: If there is no such stage.

    Example:
        >>> rng = np.random.default_rng(7)
        >>> cell = draw_cell(rng, draw_patient(rng), "ring")
        >>> cell.image.dtype, cell.label, bool(cell.parasite_mask.any())
        (dtype('uint8'), 1, True)
    """
    laid = lay_cell(rng, patient, stage)
    image = photograph(laid.canvas, laid.outline_mask, patient.stain, rng)
    parasites = laid.canvas.parasites & laid.outline_mask
    return DrawnCell(image, int(stage is not None), stage, parasites, laid.outline_mask)


def photograph(canvas: Canvas, outline: Mask, stain: Stain, rng: np.random.Generator) -> Picture:
    """The picture uint8 [H, W, 3] of a canvas, black outside the outline and nowhere else."""
    image = np.maximum(canvas.develop(stain, rng), 1)
    image[~outline] = 0
    return image


def lay_cell(rng: np.random.Generator, patient: Patient, stage: str | None = None) -> LaidCell:
    """One cell as `draw_cell` draws it, its parts told apart.

    Raises:
        ConfigError: If there is no such stage.
    """
    if stage is not None and stage not in STAGES:
        raise ConfigError(f"no stage is called {stage!r}; choose one of {', '.join(STAGES)}")
    ragged = rng.random() < patient.raggedness
    canvas, body = _lay_body(rng, patient, ragged)
    empty = canvas.density.copy()
    if stage is not None:
        paint_parasites(rng, canvas, body, stage)
    infected = canvas.density.copy()
    if rng.random() < patient.misleading:
        paint_misleading(rng, canvas, body)
    mask = _segment(rng, canvas, body, ragged)
    rows, columns = _window(mask)
    empty, infected = empty[:, rows, columns], infected[:, rows, columns]
    return LaidCell(canvas.cut(rows, columns), empty, infected, mask[rows, columns])


def _lay_body(rng: np.random.Generator, patient: Patient, ragged: bool) -> tuple[Canvas, Body]:
    """A canvas about as large as the cell, with the cell, and now and then a neighbour, on it."""
    spread = 0.10 if rng.random() < 0.97 else 0.35
    outline = red_cell_outline(rng, patient.roughness)
    longest = float(outline.max())
    radius_px = patient.diameter_px / 2 * float(np.exp(rng.normal(0, spread)))
    radius_px = min(max(radius_px, 30.0), 0.38 * LARGEST_PX / longest)
    side = min(int(2.4 * radius_px * longest) + 16, LARGEST_PX)
    x, y = side / 2 + rng.uniform(-1, 1, 2)
    body = Body(float(x), float(y), radius_px, outline)
    canvas = Canvas(side, side)
    _paint_body(rng, canvas, body, patient, 0.16 if ragged else 0.0)
    if rng.random() < NEIGHBOUR_SHARE:
        x, y = body.at(rng.uniform(0, 2 * np.pi), rng.uniform(1.85, 2.1))
        neighbour = Body(x, y, radius_px, red_cell_outline(rng, patient.roughness))
        _paint_body(rng, canvas, neighbour, patient, 0.0)
    return canvas, body


def _paint_body(
    rng: np.random.Generator, canvas: Canvas, body: Body, patient: Patient, torn: float
) -> None:
    """Lay one red cell; `torn` is how far its edge strays, in radii."""
    patch = canvas.patch(body.x, body.y, 1.3 * body.reach_px + 4)
    rho = patch.rho(body.outline, body.radius_px)
    if torn > 0:
        rho = rho + np.float32(torn) * mottle(rng, rho.shape, int(rng.integers(4, 10)))
    pallor = float(np.clip(rng.normal(patient.pallor, 0.12), 0, 0.85))
    paint_red_cell(rng, patch, rho, body.radius_px, pallor)


def _segment(rng: np.random.Generator, canvas: Canvas, body: Body, ragged: bool) -> Mask:
    """What a threshold on a reduced picture takes for the cell: stepped, sometimes torn [H, W]."""
    reduced = canvas.density[:, 1::STEP_PX, 1::STEP_PX]
    ink = cv2.GaussianBlur(np.tensordot(INK, reduced, 1), (0, 0), 0.8)
    x = (body.x - 1) / STEP_PX - np.arange(ink.shape[1], dtype=np.float32)
    y = (body.y - 1) / STEP_PX - np.arange(ink.shape[0], dtype=np.float32)
    from_centre = np.hypot(x[None, :], y[:, None]) * (STEP_PX / body.reach_px)
    threshold = rng.uniform(0.15, 0.45) + 0.03 * mottle(rng, ink.shape, 12)
    if ragged:  # bites out of the edge
        blots = mottle(rng, ink.shape, int(rng.integers(4, 11)))
        threshold += np.maximum(blots + 2.5 * (from_centre - 1) - 0.4, 0) * 2
    found = ((ink > threshold) & (from_centre < 1.22)).astype(np.uint8)
    contours, _ = cv2.findContours(found, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros_like(found)
    cv2.drawContours(whole, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    whole[canvas.parasites[1::STEP_PX, 1::STEP_PX]] = 1  # a label is never cut away
    height, width = canvas.parasites.shape
    enlarged = whole.repeat(STEP_PX, axis=0).repeat(STEP_PX, axis=1)[:height, :width]
    return np.asarray(enlarged, np.bool_)


def _window(mask: Mask) -> tuple[slice, slice]:
    """Rows and columns that hold the mask, at least `SMALLEST_PX` of each."""
    return _span(mask, across=1), _span(mask, across=0)


def _span(mask: Mask, across: int) -> slice:
    taken = mask.any(axis=across)
    places = np.flatnonzero(taken)
    start, stop = int(places[0]), int(places[-1]) + 1
    missing = max(SMALLEST_PX - (stop - start), 0)
    start = max(min(start - missing // 2, mask.shape[1 - across] - SMALLEST_PX), 0)
    return slice(start, max(stop, start + SMALLEST_PX))
