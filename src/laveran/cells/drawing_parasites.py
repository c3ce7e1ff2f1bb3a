"""Parasites of *Plasmodium falciparum* in a red cell: rings, trophozoites, schizonts, gametocytes.

Forms and sizes after the WHO's bench aids: a ring takes 1/5 to 1/3 of the cell's diameter and
has one or two chromatin dots; a trophozoite is thicker, uneven, with brown pigment; a schizont
holds 8-24 merozoites about its pigment; a gametocyte is a banana.
"""

from __future__ import annotations

import numpy as np

from laveran.cells.drawing import (
    TURN,
    Canvas,
    Floats,
    Material,
    Patch,
    ellipse,
    lobed,
    mottle,
    ramp,
)
from laveran.cells.drawing_blood import Body

STAGES = ("ring", "trophozoite", "schizont", "gametocyte")
STAGE_WEIGHTS = (0.74, 0.19, 0.05, 0.02)  # sequestration keeps late stages out of the blood
GRAIN = 0.032  # radius of a pigment grain, in cell radii


def draw_stage(rng: np.random.Generator) -> str:
    """A stage as often as peripheral blood shows it."""
    return STAGES[rng.choice(len(STAGES), p=STAGE_WEIGHTS)]


def paint_parasites(rng: np.random.Generator, canvas: Canvas, cell: Body, stage: str) -> None:
    """Lay the parasites of one stage into a cell; a cell may hold several rings."""
    if stage == "ring":
        for _ in range(1 + int(rng.choice(3, p=(0.80, 0.16, 0.04)))):
            _ring(rng, canvas, cell)
    elif stage == "trophozoite":
        _trophozoite(rng, canvas, cell)
    elif stage == "schizont":
        _schizont(rng, canvas, cell)
    else:
        _gametocyte(rng, canvas, cell)


def _ring(rng: np.random.Generator, canvas: Canvas, cell: Body) -> None:
    """A ring: a thin loop of cytoplasm about a vacuole, thinner away from the chromatin."""
    at_edge = rng.random() < 0.28
    angle = rng.uniform(0, 2 * np.pi)
    rho = rng.uniform(0.88, 1.0) if at_edge else float(np.sqrt(rng.uniform(0, 0.62)))
    x, y = cell.at(angle, rho)
    size = cell.radius_px * rng.uniform(0.16, 0.29)
    lying = angle + np.pi / 2 if at_edge else rng.uniform(0, np.pi)
    aspect = rng.uniform(1.5, 3.0) if at_edge else rng.uniform(1.0, 1.5)
    outline = ellipse(aspect, lying) * lobed(rng, 0.05)
    heading = angle + np.pi + rng.normal(0, 0.6) if at_edge else rng.uniform(0, 2 * np.pi)

    patch = canvas.patch(x, y, 2.2 * size * np.sqrt(aspect) + 2)
    from_outline = patch.rho(outline, size)
    loop = np.exp(-np.square((from_outline - 0.85) / _loop_width(rng, patch, heading)))
    strength = rng.uniform(0.25, 0.9)
    patch.thin(ramp(from_outline, size, 0.3 * size) * np.float32(rng.uniform(0.0, 0.3)))
    patch.add(Material.CYTOPLASM, loop * np.float32(strength))
    patch.parasites |= from_outline < 1.15
    loop_body = Body(x, y, size, outline)
    dot = cell.radius_px * rng.uniform(0.065, 0.125)
    _chromatin(rng, canvas, loop_body.at(heading, 0.85), dot, strength)
    if rng.random() < 0.15:
        second = heading + rng.uniform(0.7, np.pi)
        _chromatin(rng, canvas, loop_body.at(second, 0.85), 0.7 * dot, strength)


def _loop_width(rng: np.random.Generator, patch: Patch, heading: float) -> Floats:
    """Half-width of the loop by direction in units of its radius [h, w]: thick at the dot."""
    toward = np.cos(np.arange(TURN) * (2 * np.pi / TURN) - heading)
    width = rng.uniform(0.11, 0.24) * (1 + rng.uniform(0.1, 0.5) * toward)
    return np.asarray(width.astype(np.float32).take(patch.turn))


def _chromatin(
    rng: np.random.Generator,
    canvas: Canvas,
    where: tuple[float, float],
    radius_px: float,
    strength: float,
) -> None:
    """A chromatin dot or bar, lying anyhow."""
    patch = canvas.patch(*where, 3 * radius_px + 3)
    outline = ellipse(1 + abs(rng.normal(0, 0.45)), rng.uniform(0, np.pi)) * lobed(rng, 0.08)
    dot = patch.disc(outline, radius_px, 0.7 * radius_px)
    patch.cover(Material.CHROMATIN, dot * np.float32(0.5 + 0.5 * strength))
    patch.parasites |= dot > 0.3


def _trophozoite(rng: np.random.Generator, canvas: Canvas, cell: Body) -> None:
    """A trophozoite: thick uneven cytoplasm, one chromatin mass, grains of pigment."""
    size = cell.radius_px * rng.uniform(0.22, 0.46)
    x, y = cell.somewhere(rng, 0.0, 0.62)
    body = Body(x, y, size, ellipse(rng.uniform(1, 1.8), rng.uniform(0, np.pi)) * lobed(rng, 0.11))
    patch = canvas.patch(x, y, 1.3 * body.reach_px + 3)
    rho = patch.rho(body.outline, size)
    inside = ramp(rho, size, 0.6 * size)
    hole = np.float32(rng.uniform(0, 0.8)) * np.exp(-np.square(rho / 0.45))
    texture = 1 + 0.3 * mottle(rng, rho.shape, 6)
    patch.thin(inside * np.float32(0.3))
    patch.add(Material.CYTOPLASM, inside * (1 - hole) * texture * np.float32(rng.uniform(0.5, 1.1)))
    patch.parasites |= rho < 1.05
    dot = cell.radius_px * rng.uniform(0.09, 0.17)
    _chromatin(rng, canvas, body.somewhere(rng, 0.3, 0.8), dot, 0.9)
    within = Body(x, y, 0.5 * size, body.outline)
    _pigment(rng, canvas, within, int(rng.integers(1, 7)), GRAIN * cell.radius_px)


def _schizont(rng: np.random.Generator, canvas: Canvas, cell: Body) -> None:
    """A schizont: merozoites, each a dot with a little cytoplasm, about a clump of pigment."""
    size = cell.radius_px * rng.uniform(0.5, 0.78)
    body = Body(*cell.somewhere(rng, 0.0, 0.2), size, lobed(rng, 0.06))
    patch = canvas.patch(body.x, body.y, 1.2 * body.reach_px + 3)
    rho = patch.rho(body.outline, size)
    patch.add(Material.CYTOPLASM, ramp(rho, size, 0.2 * size) * np.float32(rng.uniform(0.2, 0.45)))
    patch.parasites |= rho < 1.05
    count = int(rng.integers(8, 25))
    turn = rng.uniform(0, 2 * np.pi)
    for place in range(count):  # a sunflower's spiral fills a disc evenly
        reach = 0.3 + 0.62 * np.sqrt((place + 0.5) / count) + rng.normal(0, 0.03)
        where = body.at(turn + place * 2.39996 + rng.normal(0, 0.15), reach)
        dot = cell.radius_px * rng.uniform(0.05, 0.08)
        _chromatin(rng, canvas, where, dot, rng.uniform(0.5, 1))
    clump = Body(body.x, body.y, 0.18 * size, body.outline)
    _pigment(rng, canvas, clump, int(rng.integers(5, 12)), GRAIN * cell.radius_px)


def _gametocyte(rng: np.random.Generator, canvas: Canvas, cell: Body) -> None:
    """A gametocyte: a banana across the cell, its chromatin and pigment in the middle."""
    long_px = cell.radius_px * rng.uniform(0.85, 1.05)
    wide_px = cell.radius_px * rng.uniform(0.24, 0.36)
    bend = rng.uniform(0.15, 0.4) / long_px
    angle = rng.uniform(0, 2 * np.pi)
    x, y = cell.somewhere(rng, 0.0, 0.1)
    patch = canvas.patch(x, y, 1.3 * long_px)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    along = patch.x * cosine + patch.y * sine
    across = patch.y * cosine - patch.x * sine + np.float32(bend) * (np.square(along) - wide_px**2)
    rho = np.sqrt((along / np.float32(long_px)) ** 4 + np.square(across / np.float32(wide_px)))
    inside = ramp(rho, wide_px, 0.25 * wide_px)
    middle = np.exp(-np.square(along / np.float32(0.3 * long_px)))
    patch.thin(0.6 * inside)
    patch.add(Material.CYTOPLASM, inside * np.float32(rng.uniform(0.6, 1.1)))
    patch.add(Material.CHROMATIN, inside * middle * np.float32(rng.uniform(0.2, 0.5)))
    patch.parasites |= rho < 1.05
    core = Body(x, y, 0.36 * long_px, ellipse(2.0, angle))
    _pigment(rng, canvas, core, int(rng.integers(8, 20)), GRAIN * cell.radius_px)


def _pigment(
    rng: np.random.Generator, canvas: Canvas, about: Body, count: int, grain_px: float
) -> None:
    """Brown grains of haemozoin, of about `grain_px` radius, within a body."""
    depth = rng.uniform(0.3, 0.9)
    for _ in range(count):
        size = grain_px * rng.uniform(0.6, 1.4)
        patch = canvas.patch(*about.somewhere(rng, 0.0, 1.0), 2 * size + 3)
        patch.add(Material.PIGMENT, patch.disc(ellipse(), size) * np.float32(depth))
