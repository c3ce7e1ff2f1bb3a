"""Ink, outlines and light: what the synthetic cells and films are drawn with.

A film is drawn as it is stained: materials are laid on a canvas as densities, and light is
sent through them. By the law of Beer and Lambert a pixel is

    light * exp(-sum over materials of density * absorbance)

so that overlapping cells darken as they do under the microscope, and one `Stain` (what light,
what dyes, what optics) changes the look of everything drawn, as another laboratory's does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Picture = NDArray[np.uint8]

TURN = 256  # steps of a full turn in an outline


class Material(IntEnum):
    """What can lie on a film; the first axis of a canvas."""

    HAEMOGLOBIN = 0
    CHROMATIN = 1
    CYTOPLASM = 2
    PIGMENT = 3
    GLARE = 4  # refracted light: brightens


class Tone(NamedTuple):
    """Colours of one laboratory's films: RGB in 0..1 of light and of materials of density 1."""

    light: tuple[float, float, float]
    haemoglobin: tuple[float, float, float]
    chromatin: tuple[float, float, float]
    cytoplasm: tuple[float, float, float]


# Chosen by eye; a stain is a mixture of two.
TONES = (
    Tone((0.90, 0.78, 0.69), (0.79, 0.58, 0.60), (0.66, 0.12, 0.49), (0.75, 0.42, 0.58)),  # rose
    Tone((0.91, 0.79, 0.68), (0.82, 0.62, 0.58), (0.70, 0.12, 0.47), (0.78, 0.47, 0.57)),  # salmon
    Tone((0.83, 0.76, 0.69), (0.69, 0.60, 0.60), (0.54, 0.15, 0.43), (0.62, 0.44, 0.54)),  # grey
    Tone((0.80, 0.84, 0.81), (0.68, 0.66, 0.74), (0.53, 0.19, 0.71), (0.65, 0.48, 0.76)),  # lilac
    Tone((0.88, 0.74, 0.72), (0.70, 0.42, 0.58), (0.54, 0.11, 0.50), (0.62, 0.32, 0.57)),  # magenta
    Tone((0.76, 0.87, 0.77), (0.65, 0.45, 0.51), (0.50, 0.16, 0.44), (0.56, 0.34, 0.50)),  # mint
    Tone((0.84, 0.86, 0.84), (0.69, 0.56, 0.61), (0.52, 0.16, 0.50), (0.60, 0.40, 0.60)),  # white
)
TONE_WEIGHTS = (0.31, 0.22, 0.14, 0.19, 0.04, 0.05, 0.05)
PIGMENT_RGB = (0.24, 0.16, 0.12)
GLARE_GAIN = 1.30


@dataclass(frozen=True)
class Stain:
    """How a film is stained, lit and photographed.

    Attributes:
        light: RGB of the empty film [3], 0..1.
        absorbance: Natural-log absorbance of each material at density 1 [5, 3].
        blur_px: Standard deviation of the optics' blur in pixels.
        noise: Standard deviation of the camera's noise, in grey levels of 255.
        shift_px: Lateral chromatic aberration: (x, y) of red; blue moves the other way.
        slope: Relative change of illumination from the middle to the edge, (x, y).
    """

    light: Floats
    absorbance: Floats
    blur_px: float
    noise: float
    shift_px: tuple[float, float]
    slope: tuple[float, float]

    def vary(self, rng: np.random.Generator, amount: float = 1.0) -> Stain:
        """The same film at another place: a little thicker, lighter, less in focus."""
        strength = np.ones((len(Material), 1))
        strength[: Material.PIGMENT, 0] = np.exp(rng.normal(0, 0.10 * amount, 3))
        tint = np.exp(rng.normal(0, 0.022 * amount, (1, 3)))
        return replace(
            self,
            light=np.clip(self.light * np.exp(rng.normal(0, 0.025 * amount)), 0, 1).astype("f4"),
            absorbance=(self.absorbance * strength * tint).astype(np.float32),
            blur_px=self.blur_px * float(np.exp(rng.normal(0, 0.25 * amount))),
            slope=(float(rng.normal(0, 0.03 * amount)), float(rng.normal(0, 0.03 * amount))),
        )


def draw_stain(rng: np.random.Generator) -> Stain:
    """A new laboratory: stain, lamp and camera, drawn at random.

    Example:
        >>> stain = draw_stain(np.random.default_rng(1))
        >>> stain.light.shape, stain.absorbance.shape
        ((3,), (5, 3))
    """
    first, second = rng.choice(len(TONES), 2, p=TONE_WEIGHTS)
    share = rng.beta(0.5, 0.5)
    mixed = share * np.array(TONES[first]) + (1 - share) * np.array(TONES[second])
    mixed = np.clip(mixed + rng.normal(0, 0.015, mixed.shape), 0.03, 0.97)
    light, dyed = mixed[0], mixed[1:]
    absorbance = np.empty((len(Material), 3))
    absorbance[: Material.PIGMENT] = np.maximum(np.log(light / dyed), 0.01)
    absorbance[Material.PIGMENT] = np.log(light / PIGMENT_RGB)
    absorbance[Material.GLARE] = -np.log(GLARE_GAIN)
    angle = rng.uniform(0, 2 * np.pi)
    shift = abs(rng.normal(0, 0.6))
    return Stain(
        light=light.astype(np.float32),
        absorbance=absorbance.astype(np.float32),
        blur_px=float(rng.uniform(0.7, 1.5)),
        noise=float(rng.uniform(0.6, 1.5)),
        shift_px=(float(shift * np.cos(angle)), float(shift * np.sin(angle))),
        slope=(0.0, 0.0),
    )


class Canvas:
    """Densities of the materials [5, H, W] float32, and where parasites lie [H, W] bool.

    Args:
        height_px: Height.
        width_px: Width.

    Example:
        >>> canvas = Canvas(40, 60)
        >>> patch = canvas.patch(30, 20, 8)
        >>> patch.add(Material.CHROMATIN, patch.disc(ellipse(), 5.0))
        >>> float(canvas.density[Material.CHROMATIN, 20, 30]), float(canvas.density[:, 0, 0].sum())
        (1.0, 0.0)
    """

    def __init__(self, height_px: int, width_px: int) -> None:
        self.density: Floats = np.zeros((len(Material), height_px, width_px), np.float32)
        self.parasites: Mask = np.zeros((height_px, width_px), np.bool_)

    def patch(self, x: float, y: float, reach_px: float) -> Patch:
        """The square of half-width `reach_px` about (x, y), cut at the canvas' border."""
        height, width = self.parasites.shape
        left, right = (min(max(int(v), 0), width) for v in (x - reach_px, x + reach_px + 2))
        top, bottom = (min(max(int(v), 0), height) for v in (y - reach_px, y + reach_px + 2))
        return Patch(self, slice(top, bottom), slice(left, right), x, y)

    def cut(self, rows: slice, columns: slice) -> Canvas:
        """A part of the canvas, copied."""
        part = Canvas(0, 0)
        part.density = self.density[:, rows, columns].copy()
        part.parasites = self.parasites[rows, columns].copy()
        return part

    def develop(self, stain: Stain, rng: np.random.Generator) -> Picture:
        """The photograph of the canvas, uint8 [H, W, 3] RGB."""
        height, width = self.parasites.shape
        absorbed = stain.absorbance.T @ self.density.reshape(len(Material), -1)  # [3, H*W]
        planes = np.exp(-absorbed).reshape(3, height, width)
        across = np.linspace(-stain.slope[0], stain.slope[0], width, dtype=np.float32)
        down = np.linspace(-stain.slope[1], stain.slope[1], height, dtype=np.float32)
        lamp = 255 * (1 + across[None, :] + down[:, None])
        grain = rng.random((height, width), np.float32) - np.float32(0.5)
        grain = cv2.GaussianBlur(grain, (0, 0), 0.6) * np.float32(stain.noise / 0.143)
        image = np.empty((height, width, 3), np.float32)
        for channel, sign in enumerate((1, 0, -1)):  # red and blue stray to opposite sides
            plane = _moved(planes[channel], sign * stain.shift_px[0], sign * stain.shift_px[1])
            plane = cv2.GaussianBlur(plane, (0, 0), stain.blur_px)
            image[:, :, channel] = plane * (lamp * stain.light[channel]) + grain
        return np.clip(np.rint(image), 0, 255).astype(np.uint8)


class Patch:
    """A window of a canvas in polar coordinates about a point.

    Attributes:
        rows: Its rows of the canvas.
        columns: Its columns of the canvas.
        density: The canvas' densities there, a view [5, h, w].
        parasites: The canvas' parasites there, a view [h, w].
        x: Horizontal distance of each column from the point in pixels [1, w].
        y: Vertical distance of each row from the point in pixels [h, 1].
        distance: Distance of each pixel from the point in pixels [h, w].
        turn: Its direction as an index into an outline [h, w].
    """

    def __init__(self, canvas: Canvas, rows: slice, columns: slice, x: float, y: float) -> None:
        self.rows, self.columns = rows, columns
        self.density = canvas.density[:, rows, columns]
        self.parasites = canvas.parasites[rows, columns]
        self.x = (np.arange(columns.start, columns.stop, dtype=np.float32) - np.float32(x))[None, :]
        self.y = (np.arange(rows.start, rows.stop, dtype=np.float32) - np.float32(y))[:, None]
        self.distance: Floats = np.sqrt(np.square(self.x) + np.square(self.y))
        angle = np.arctan2(self.y, self.x) * np.float32(TURN / (2 * np.pi))
        self.turn = angle.astype(np.int32) & (TURN - 1)

    def rho(self, outline: Floats, radius_px: float) -> Floats:
        """Distance from the point in units of the outline's radius: 1 on the outline [h, w]."""
        return self.distance / (outline * np.float32(radius_px)).take(self.turn)

    def disc(self, outline: Floats, radius_px: float, edge_px: float = 1.5) -> Floats:
        """1 inside the outline, 0 outside, falling over `edge_px` pixels between [h, w]."""
        return ramp(self.rho(outline, radius_px), radius_px, edge_px)

    def add(self, material: Material, density: Floats) -> None:
        """Lay `density` [h, w] of a material on the canvas."""
        self.density[material] += density

    def cover(self, material: Material, density: Floats) -> None:
        """Lay `density` [h, w] where it exceeds what is there: lobes of one body join."""
        there = self.density[material]
        np.maximum(there, density, out=there)

    def thin(self, share: Floats) -> None:
        """Take away this share [h, w], 0..1, of the haemoglobin."""
        self.density[Material.HAEMOGLOBIN] *= 1 - share


def ramp(rho: Floats, radius_px: float, edge_px: float) -> Floats:
    """1 where rho is well below 1, 0 well above, linear over `edge_px` pixels about 1."""
    slope = np.float32(radius_px / max(edge_px, 0.5))
    soft: Floats = np.clip((1 - rho) * slope + np.float32(0.5), 0, 1)
    return soft


def ellipse(aspect: float = 1.0, angle: float = 0.0) -> Floats:
    """Outline of an ellipse of unit area-radius: radius by direction [TURN].

    Args:
        aspect: Long axis over short axis.
        angle: Direction of the long axis, radians.
    """
    theta = np.arange(TURN) * (2 * np.pi / TURN) - angle
    outline = 1 / np.sqrt(np.cos(theta) ** 2 / aspect + np.sin(theta) ** 2 * aspect)
    return np.asarray(outline, np.float32)


def lobed(rng: np.random.Generator, amplitude: float, orders: range = range(2, 7)) -> Floats:
    """A random factor about 1 by direction, for uneven outlines [TURN]; never below 0.3."""
    theta = np.arange(TURN) * (2 * np.pi / TURN)
    order = np.array(orders)[:, None]
    scale = amplitude / np.sqrt(order - order[0] + 1)
    waves = (
        scale
        * rng.normal(size=order.shape)
        * np.cos(order * theta + rng.uniform(0, 2 * np.pi, order.shape))
    )
    return np.asarray(np.maximum(1 + waves.sum(axis=0), 0.3), np.float32)


def mottle(rng: np.random.Generator, shape: tuple[int, int], grid: int) -> Floats:
    """Smooth noise of unit scale [h, w], about `grid` blots across."""
    height, width = shape
    coarse = rng.standard_normal((grid, grid), np.float32)
    quarter = (width // 4 + 1, height // 4 + 1)  # then linear: four times as fast as cubic alone
    smooth = cv2.resize(coarse, quarter, interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR))


def _moved(plane: Floats, right_px: float, down_px: float) -> Floats:
    """A plane [H, W] moved by a fraction of a pixel or a few; its border is repeated."""
    height, width = plane.shape
    move = np.array([[1, 0, right_px], [0, 1, down_px]], np.float32)
    moved = cv2.warpAffine(plane, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved)
