"""Synthetic photographs of thin films with the truth of every cell, drawn by a seed.

The brushes are those of the synthetic cells; a film adds the crowd: cells that touch, overlap or
are cut by the border, white cells, platelets, dirt and uneven light. Each photograph bears the
word SYNTHETIC in a corner that no cell lies in.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from laveran import files
from laveran.cells.drawing import Canvas, Floats, Mask, Material, Picture, ellipse, lobed, mottle
from laveran.cells.drawing_blood import (
    Body,
    paint_bubbles,
    paint_deposit,
    paint_platelet,
    paint_red_cell,
    paint_smudge,
    paint_white_cell,
    platelet_outline,
    red_cell_outline,
)
from laveran.cells.drawing_crowd import Crowd
from laveran.cells.drawing_parasites import draw_stage, paint_parasites
from laveran.cells.synthetic import Patient, draw_patient
from laveran.cells.synthetic_dataset import NOTICE, encode_png
from laveran.errors import ConfigError

CAPTION = "SYNTHETIC"
CAPTION_PX = (130, 34)  # the corner it takes, bottom left
KINDS = ("red cell", "white cell", "platelet", "debris")


@dataclass(frozen=True, slots=True)
class FilmCell:
    """The truth about one thing on a film.

    Attributes:
        kind: "red cell", "white cell", "platelet" or "debris".
        stage: The stage of a parasitized red cell's parasites; None for everything else.
        outline: Points (x, y) of the whole outline, also beyond the border, float32 [K, 2].
        box: Left, top, width, height in pixels of the part within the photograph.
        mask: That part within the box, bool [height, width].
        parasite_mask: The parasites within the box, bool [height, width]; None without any.
        cut_by_border: Whether a part lies beyond the border.
    """

    kind: str
    stage: str | None
    outline: Floats
    box: tuple[int, int, int, int]
    mask: Mask
    parasite_mask: Mask | None
    cut_by_border: bool

    @property
    def label(self) -> int:
        """1 parasitized, 0 not."""
        return int(self.stage is not None)


@dataclass(frozen=True, slots=True)
class DrawnFilm:
    """A drawn photograph, uint8 [H, W, 3] RGB, and everything that lies on it."""

    image: Picture
    cells: tuple[FilmCell, ...]

    def count(self, kind: str) -> int:
        """How many things of a kind there are."""
        return sum(cell.kind == kind for cell in self.cells)

    @property
    def parasitaemia(self) -> float:
        """Parasitized red cells over red cells, 0..1; 0 on an empty film."""
        return sum(cell.label for cell in self.cells) / max(self.count("red cell"), 1)


def draw_film(
    seed: int,
    *,
    width_px: int = 1280,
    height_px: int = 960,
    red_cells: int = 110,
    parasitaemia: float = 0.03,
    white_cells: int = 1,
    platelets: int = 6,
    debris: int = 3,
    diameter_px: float = 76.0,
    patient: Patient | None = None,
) -> DrawnFilm:
    """A photograph of a thin film.

    Args:
        seed: The same seed and settings draw the same photograph.
        width_px: Width.
        height_px: Height.
        red_cells: Red cells to place; fewer where there is no room.
        parasitaemia: Chance of a red cell to be parasitized.
        white_cells: White cells.
        platelets: Platelets, beside or upon cells.
        debris: Deposits of stain or dirt.
        diameter_px: Mean diameter of a red cell.
        patient: Whose film, for several photographs of one; another for each seed if None.

    Raises:
        ConfigError: If a setting cannot work.

    Example:
        >>> film = draw_film(3, width_px=320, height_px=240, red_cells=8, diameter_px=50)
        >>> film.image.shape, film.count("red cell")
        ((240, 320, 3), 8)
    """
    if min(width_px, height_px) < 200 or not 16 <= diameter_px <= 300:
        raise ConfigError("a film is at least 200 px wide and high, its cells 16 to 300 px")
    if not 0 <= parasitaemia <= 1 or min(red_cells, white_cells, platelets, debris, seed) < 0:
        raise ConfigError("parasitaemia lies between 0 and 1; counts and seeds are not negative")
    rng = np.random.default_rng([seed, 1])
    patient = replace(patient or draw_patient(rng), diameter_px=diameter_px)
    scene = _Scene(rng, patient, width_px, height_px)
    scene.light_unevenly()
    scene.add_white_cells(white_cells)
    scene.add_red_cells(red_cells, parasitaemia)
    scene.add_platelets(platelets)
    scene.add_debris(debris)
    return scene.photograph()


class _Scene:
    """A film in the making: a canvas with a margin all round, so that cells may be cut."""

    def __init__(
        self, rng: np.random.Generator, patient: Patient, width_px: int, height_px: int
    ) -> None:
        self.rng = rng
        self.patient = patient
        self.radius_px = patient.diameter_px / 2
        self.margin = int(4 * self.radius_px)
        self.canvas = Canvas(height_px + 2 * self.margin, width_px + 2 * self.margin)
        self.inside = (
            slice(self.margin, self.margin + height_px),
            slice(self.margin, self.margin + width_px),
        )
        self.crowd = Crowd(rng, width_px, height_px, CAPTION_PX)
        self.cells: list[FilmCell] = []

    def light_unevenly(self) -> None:
        """A lamp out of centre, and serum that took some dye."""
        shape = self.canvas.parasites.shape
        self.canvas.density[Material.GLARE] += 0.12 * mottle(self.rng, shape, 3)
        serum = np.maximum(mottle(self.rng, shape, 7), 0)
        self.canvas.density[Material.HAEMOGLOBIN] += np.float32(self.rng.uniform(0, 0.05)) * serum

    def add_white_cells(self, count: int) -> None:
        """White cells, half again to twice as wide as red ones."""
        for _ in range(count):
            radius_px = self.radius_px * self.rng.uniform(1.3, 1.8)
            body = self._body(self.crowd.place(radius_px), radius_px, lobed(self.rng, 0.03))
            if body is not None:
                paint_white_cell(self.rng, self.canvas, body)
                self._record("white cell", body)

    def add_red_cells(self, count: int, parasitaemia: float) -> None:
        """Red cells, parasitized by chance."""
        for _ in range(count):
            radius_px = self.radius_px * float(np.exp(self.rng.normal(0, 0.09)))
            outline = red_cell_outline(self.rng, self.patient.roughness)
            place = self.crowd.place(radius_px * float(np.sqrt(outline.max())))
            parasitized = self.rng.random() < parasitaemia
            body = self._body(place, radius_px, outline)
            if body is not None:
                self._add_red_cell(body, parasitized)

    def _add_red_cell(self, body: Body, parasitized: bool) -> None:
        patch = self.canvas.patch(body.x, body.y, body.reach_px + 4)
        pallor = float(np.clip(self.rng.normal(self.patient.pallor, 0.12), 0, 0.85))
        rho = patch.rho(body.outline, body.radius_px)
        paint_red_cell(self.rng, patch, rho, body.radius_px, pallor)
        stage = None
        self.canvas.parasites[:] = False  # this cell's alone
        if parasitized:
            stage = draw_stage(self.rng)
            paint_parasites(self.rng, self.canvas, body, stage)
        elif self.rng.random() < 0.04:
            size = body.radius_px * self.rng.uniform(0.1, 0.25)
            paint_bubbles(self.rng, self.canvas, body, size, 1 + self.rng.poisson(1))
        self._record("red cell", body, stage)

    def add_platelets(self, count: int) -> None:
        """Platelets: every fourth upon a cell, the others between them."""
        for _ in range(count):
            radius_px = self.radius_px * self.rng.uniform(0.2, 0.4)
            upon = bool(self.crowd.discs) and self.rng.random() < 0.25
            place = self._upon_a_cell() if upon else self.crowd.place(radius_px)
            body = self._body(place, radius_px, platelet_outline(self.rng))
            if body is not None:
                halo = self.rng.uniform(0.2, 0.7) if upon else 0.0
                paint_platelet(self.rng, self.canvas, body, halo)
                self._record("platelet", body)

    def add_debris(self, count: int) -> None:
        """Deposit of stain, and as many smudges that are too faint to be a thing."""
        for _ in range(count):
            radius_px = self.radius_px * self.rng.uniform(0.15, 0.4)
            body = self._body(self.crowd.drop(radius_px), radius_px, ellipse())
            if body is not None:
                paint_deposit(self.rng, self.canvas, body.x, body.y, radius_px)
                self._record("debris", body)
            smudge_px = self.radius_px * self.rng.uniform(0.1, 0.3)
            smudge = self._body(self.crowd.drop(2 * smudge_px), smudge_px, ellipse())
            if smudge is not None:
                paint_smudge(self.rng, self.canvas, smudge.x, smudge.y, smudge_px)

    def _upon_a_cell(self) -> tuple[float, float]:
        x, y, radius_px = self.crowd.discs[self.rng.integers(len(self.crowd.discs))]
        right, down = self.rng.uniform(-0.6, 0.6, 2) * radius_px
        return x + float(right), y + float(down)

    def _body(
        self, place: tuple[float, float] | None, radius_px: float, outline: Floats
    ) -> Body | None:
        """A body on the canvas at a place of the photograph."""
        if place is None:
            return None
        return Body(place[0] + self.margin, place[1] + self.margin, radius_px, outline)

    def photograph(self) -> DrawnFilm:
        """Light, lens, camera and the caption."""
        stain = self.patient.stain
        stain = replace(stain, blur_px=stain.blur_px * min(self.radius_px / 55, 1.0))
        image = self.canvas.cut(*self.inside).develop(stain.vary(self.rng), self.rng)
        baseline = (8, image.shape[0] - 10)
        cv2.putText(
            image, CAPTION, baseline, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (40, 40, 40), 1, cv2.LINE_AA
        )
        return DrawnFilm(image, tuple(self.cells))

    def _record(self, kind: str, body: Body, stage: str | None = None) -> None:
        """Note what of a thing lies within the photograph; nothing if nothing does."""
        patch = self.canvas.patch(body.x, body.y, body.reach_px + 4)
        covered = np.zeros_like(self.canvas.parasites)
        covered[patch.rows, patch.columns] = patch.rho(body.outline, body.radius_px) < 1
        seen = covered[self.inside]
        if not seen.any():
            return
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        parasites = self.canvas.parasites[self.inside][window].copy() if stage else None
        if parasites is not None and not parasites.any():
            stage, parasites = None, None
        self.cells.append(
            FilmCell(
                kind=kind,
                stage=stage,
                outline=body.polygon() - np.float32(self.margin),
                box=(int(columns[0]), int(rows[0]), len(columns), len(rows)),
                mask=seen[window].copy(),
                parasite_mask=parasites,
                cut_by_border=int(seen.sum()) < int(covered.sum()),
            )
        )


def write_film(path: Path | str, film: DrawnFilm) -> None:
    """Write a photograph as PNG, and its truth beside it with the suffix .json.

    Args:
        path: Where to, ending in .png.
        film: What to write.

    Raises:
        ConfigError: If the path does not end in .png.
        OutputError: If the files cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() != ".png":
        raise ConfigError(f"a film is written as PNG; give {target.name} the suffix .png")
    cells = [
        {
            "kind": cell.kind,
            "stage": cell.stage,
            "box": cell.box,
            "cut_by_border": cell.cut_by_border,
            "outline": np.round(cell.outline.astype(float), 1).tolist(),
        }
        for cell in film.cells
    ]
    truth = {"notice": NOTICE, "photo": target.name, "cells": cells}
    with files.replacing(target) as scratch:
        scratch.write_bytes(encode_png(film.image))
    files.write_text(target.with_suffix(".json"), json.dumps(truth))
