"""What lies on a film beside parasites: red cells, white cells, platelets, deposit and dirt.

Sizes are in units of a red cell's radius, so that the same brush serves crops and whole films.
"""

from __future__ import annotations

from dataclasses import dataclass

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

SHAPES = ("round", "oval", "squeezed", "teardrop", "crenated")
SHAPE_WEIGHTS = (0.46, 0.22, 0.23, 0.06, 0.03)


@dataclass(frozen=True)
class Body:
    """Where a red cell lies and its outline.

    Attributes:
        x: Centre, pixels from the left.
        y: Centre, pixels from the top.
        radius_px: Mean radius.
        outline: Radius by direction in units of `radius_px` [TURN].
    """

    x: float
    y: float
    radius_px: float
    outline: Floats

    def at(self, angle: float, rho: float) -> tuple[float, float]:
        """The point (x, y) in direction `angle` (radians) at `rho` of the outline's radius."""
        reach = rho * self.radius_px * float(self.outline[int(angle * TURN / (2 * np.pi)) % TURN])
        return self.x + reach * float(np.cos(angle)), self.y + reach * float(np.sin(angle))

    def somewhere(
        self, rng: np.random.Generator, low: float = 0.0, high: float = 0.8
    ) -> tuple[float, float]:
        """A random point of the cell, its rho between `low` and `high`, even over the area."""
        return self.at(rng.uniform(0, 2 * np.pi), float(np.sqrt(rng.uniform(low**2, high**2))))

    @property
    def reach_px(self) -> float:
        """Largest radius."""
        return self.radius_px * float(self.outline.max())

    def polygon(self) -> Floats:
        """The outline as points (x, y) [TURN / 4, 2]."""
        theta = np.arange(0, TURN, 4) * (2 * np.pi / TURN)
        around = np.stack([np.cos(theta), np.sin(theta)], axis=1) * self.outline[::4, None]
        return (around * self.radius_px + (self.x, self.y)).astype(np.float32)


def red_cell_outline(rng: np.random.Generator, roughness: float = 1.0) -> Floats:
    """The outline of a red cell of a random shape [TURN]; more uneven with `roughness`."""
    shape = SHAPES[rng.choice(len(SHAPES), p=SHAPE_WEIGHTS)]
    angle = rng.uniform(0, 2 * np.pi)
    outline = ellipse(1 + abs(rng.normal(0, 0.09)), angle) * lobed(rng, 0.018 * roughness)
    if shape == "oval":
        outline *= ellipse(rng.uniform(1.15, 1.5), angle)
    elif shape == "squeezed":
        outline *= lobed(rng, 0.06, range(3, 7))
    elif shape == "teardrop":
        toward = np.cos(np.arange(TURN) * (2 * np.pi / TURN) - angle)
        outline *= (0.9 + rng.uniform(0.2, 0.5) * np.exp(6 * (toward - 1))).astype(np.float32)
    elif shape == "crenated":
        outline *= lobed(rng, 0.035, range(9, 16))
    return outline


def paint_red_cell(
    rng: np.random.Generator, patch: Patch, rho: Floats, radius_px: float, pallor: float
) -> None:
    """Lay a red cell's haemoglobin on a patch about its centre.

    Args:
        rng: Source of chance.
        patch: Window about the cell's centre.
        rho: Distance in units of the outline [h, w].
        radius_px: The cell's radius.
        pallor: How much thinner the cell is in the middle, 0..1.
    """
    thickness = 1 + 0.10 * np.exp(-np.square((rho - 0.88) / 0.16))
    thickness *= 1 + rng.uniform(0.01, 0.05) * mottle(rng, rho.shape, int(rng.integers(4, 12)))
    if pallor > 0.02:
        thickness -= pallor * _hollow(rng, patch, radius_px)
    tilt = rng.normal(0, 0.05, 2) / radius_px
    thickness += np.float32(tilt[0]) * patch.x + np.float32(tilt[1]) * patch.y
    thickness *= np.exp(rng.normal(0, 0.10))
    patch.add(Material.HAEMOGLOBIN, ramp(rho, radius_px, 0.05 * radius_px) * thickness)


def _hollow(rng: np.random.Generator, patch: Patch, radius_px: float) -> Floats:
    """The central pallor: 1 in the middle, 0 outside [h, w]; now a haze, now a sharp hole."""
    offset = rng.normal(0, 0.10, 2) * radius_px
    width = rng.uniform(0.22, 0.55) * radius_px
    stretch = np.exp(rng.normal(0, 0.15))
    squared = np.square((patch.x - np.float32(offset[0])) * np.float32(stretch / width))
    squared = squared + np.square((patch.y - np.float32(offset[1])) / np.float32(stretch * width))
    return np.asarray(np.exp(-(squared ** np.float32(rng.choice([1.0, 1.5, 3.0])))), np.float32)


def platelet_outline(rng: np.random.Generator) -> Floats:
    """The uneven outline of a platelet [TURN]."""
    return ellipse(rng.uniform(1, 1.6), rng.uniform(0, np.pi)) * lobed(rng, 0.13, range(2, 9))


def paint_platelet(rng: np.random.Generator, canvas: Canvas, body: Body, halo: float = 0.0) -> None:
    """Lay a platelet: a pale purple body full of granules; `halo` is the light rim on a cell."""
    radius_px = body.radius_px
    patch = canvas.patch(body.x, body.y, 2 * radius_px + 3)
    rho = patch.rho(body.outline, radius_px)
    inside = ramp(rho, radius_px, 0.35 * radius_px)
    grain = np.maximum(mottle(rng, rho.shape, int(rng.integers(10, 17))) + 0.4, 0)
    if halo > 0:
        patch.add(Material.GLARE, np.exp(-np.square((rho - 1.25) / 0.22)) * np.float32(halo))
        patch.thin(inside * np.float32(0.4))
    patch.add(Material.CYTOPLASM, inside * np.float32(rng.uniform(0.3, 0.9)))
    core = np.exp(-np.square(rho / np.float32(rng.uniform(0.5, 0.9))))
    patch.add(Material.CHROMATIN, core * grain * np.float32(rng.uniform(0.35, 1.0)))


def paint_deposit(
    rng: np.random.Generator, canvas: Canvas, x: float, y: float, radius_px: float
) -> None:
    """Lay stain deposit: a few crisp dark specks of uneven form, purple to black."""
    black = rng.uniform(0, 1) ** 2
    depth = rng.uniform(0.3, 1.1)
    for _ in range(int(rng.integers(1, 7))):
        size = radius_px * rng.uniform(0.12, 0.5)
        dx, dy = rng.normal(0, 0.45 * radius_px, 2)
        patch = canvas.patch(x + dx, y + dy, 2.5 * size + 2)
        outline = ellipse(rng.uniform(1, 2.4), rng.uniform(0, np.pi)) * lobed(rng, 0.25)
        speck = patch.disc(outline, size) * np.float32(depth)
        patch.add(Material.CHROMATIN, speck * np.float32(1 - black))
        patch.add(Material.PIGMENT, speck * np.float32(black))


def paint_bubbles(
    rng: np.random.Generator, canvas: Canvas, body: Body, radius_px: float, count: int
) -> None:
    """Lay drying artefacts: refractile rings, bright within, edged dark."""
    tinted = rng.uniform(0, 0.35)
    for _ in range(count):
        x, y = body.somewhere(rng, 0.0, 0.85)
        size = radius_px * np.exp(rng.normal(0, 0.3))
        patch = canvas.patch(x, y, 2.2 * size + 2)
        rho = patch.rho(ellipse(rng.uniform(1, 1.5), rng.uniform(0, np.pi)), size)
        edge = np.exp(-np.square((rho - 1) / 0.2)) * np.float32(rng.uniform(0.1, 0.5))
        patch.thin(ramp(rho, size, 0.5 * size) * np.float32(rng.uniform(0.3, 0.95)))
        patch.add(Material.HAEMOGLOBIN, edge)
        patch.add(Material.CYTOPLASM, edge * np.float32(tinted))


def paint_dot(
    rng: np.random.Generator, canvas: Canvas, x: float, y: float, radius_px: float
) -> None:
    """Lay a Howell-Jolly body: one small, round, crisp remnant of the nucleus."""
    patch = canvas.patch(x, y, 2 * radius_px + 3)
    dot = patch.disc(ellipse(rng.uniform(1, 1.2), rng.uniform(0, np.pi)), radius_px, 1.2)
    patch.add(Material.CHROMATIN, dot * np.float32(rng.uniform(0.5, 1.0)))


def paint_smudge(
    rng: np.random.Generator, canvas: Canvas, x: float, y: float, radius_px: float
) -> None:
    """Lay a faint coloured streak or blot: a fold, a scratch, dye out of focus."""
    patch = canvas.patch(x, y, 3 * radius_px + 2)
    outline = ellipse(rng.uniform(1, 5), rng.uniform(0, np.pi)) * lobed(rng, 0.15)
    blot = np.exp(-np.square(patch.rho(outline, radius_px)))
    material = Material.CYTOPLASM if rng.random() < 0.6 else Material.CHROMATIN
    patch.add(material, blot * np.float32(rng.uniform(0.1, 0.6)))


def paint_misleading(rng: np.random.Generator, canvas: Canvas, cell: Body) -> None:
    """Lay what is no parasite and looks like one upon a cell or beside it."""
    kind = rng.choice(
        ("platelet beside", "platelet upon", "deposit", "bubbles", "smudges", "dot"),
        p=(0.25, 0.14, 0.25, 0.14, 0.19, 0.03),
    )
    radius_px = cell.radius_px
    if kind == "platelet beside":
        x, y = cell.at(rng.uniform(0, 2 * np.pi), rng.uniform(0.95, 1.15))
        size = radius_px * rng.uniform(0.14, 0.27)
        paint_platelet(rng, canvas, Body(x, y, size, platelet_outline(rng)))
    elif kind == "platelet upon":
        size = radius_px * rng.uniform(0.14, 0.27)
        platelet = Body(*cell.somewhere(rng), size, platelet_outline(rng))
        paint_platelet(rng, canvas, platelet, halo=rng.uniform(0.2, 0.7))
    elif kind == "deposit":
        for _ in range(int(rng.integers(1, 4))):
            where = cell.somewhere(rng, 0.0, 1.0)
            paint_deposit(rng, canvas, *where, radius_px * rng.uniform(0.08, 0.25))
    elif kind == "bubbles":
        paint_bubbles(rng, canvas, cell, radius_px * rng.uniform(0.08, 0.22), 1 + rng.poisson(2))
    elif kind == "smudges":
        for _ in range(int(rng.integers(1, 5))):
            where = cell.somewhere(rng, 0.0, 0.95)
            paint_smudge(rng, canvas, *where, radius_px * rng.uniform(0.05, 0.15))
    else:
        paint_dot(rng, canvas, *cell.somewhere(rng, 0.0, 0.8), radius_px * rng.uniform(0.06, 0.09))


def paint_white_cell(rng: np.random.Generator, canvas: Canvas, body: Body) -> None:
    """Lay a white cell: a neutrophil with a lobed nucleus, or a lymphocyte with a round one."""
    patch = canvas.patch(body.x, body.y, body.reach_px + 6)
    inside = patch.disc(body.outline, body.radius_px, 0.08 * body.radius_px)
    grain = 1 + 0.2 * mottle(rng, inside.shape, 24)
    neutrophil = rng.random() < 0.65
    patch.add(Material.HAEMOGLOBIN, inside * np.float32(0.35 if neutrophil else 0.1))
    patch.add(Material.CYTOPLASM, inside * grain * np.float32(0.15 if neutrophil else 0.45))
    start, step = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.3)
    for lobe in range(int(rng.integers(2, 6)) if neutrophil else 1):
        x, y = body.at(start + lobe * step, 0.42 if neutrophil else 0.1)
        size = body.radius_px * (rng.uniform(0.26, 0.36) if neutrophil else rng.uniform(0.7, 0.82))
        nucleus = canvas.patch(x, y, 2 * size)
        shape = ellipse(rng.uniform(1, 1.4), rng.uniform(0, np.pi)) * lobed(rng, 0.05)
        chromatin = nucleus.disc(shape, size, 0.2 * size)
        nucleus.cover(Material.CHROMATIN, chromatin * (1 + 0.1 * mottle(rng, chromatin.shape, 8)))
