"""Where things lie on a film: apart, beside one another, overlapping, cut by the border."""

from __future__ import annotations

import math

import numpy as np

ATTEMPTS = 40  # before a film is called full
BESIDE = 0.35  # share of cells placed beside another one
APART, OVERLAPPING = 1.06, 0.80  # distances in sums of radii


class Crowd:
    """Finds room on a film, one disc after the other.

    Args:
        rng: Source of chance.
        width_px: Width of the photograph.
        height_px: Height of the photograph.
        corner_px: Width and height of the corner, bottom left, that is to stay empty.

    Attributes:
        discs: What has been placed: x, y, radius in pixels of the photograph.

    Example:
        >>> crowd = Crowd(np.random.default_rng(0), 300, 300, (60, 20))
        >>> places = [crowd.place(30) for _ in range(5)]
        >>> len(crowd.discs)
        5
    """

    def __init__(
        self,
        rng: np.random.Generator,
        width_px: int,
        height_px: int,
        corner_px: tuple[int, int],
    ) -> None:
        self.rng = rng
        self.width_px, self.height_px = width_px, height_px
        self.corner_px = corner_px
        self.discs: list[tuple[float, float, float]] = []

    def place(self, radius_px: float) -> tuple[float, float] | None:
        """A centre (x, y) for a disc among the others; None where there is no room."""
        beside = bool(self.discs) and self.rng.random() < BESIDE
        closest = OVERLAPPING if beside else APART
        for _ in range(ATTEMPTS):
            x, y = self._beside(radius_px) if beside else self._anywhere(radius_px)
            if self._fits(x, y, radius_px) and all(
                math.hypot(x - u, y - v) >= closest * (radius_px + r) for u, v, r in self.discs
            ):
                self.discs.append((x, y, radius_px))
                return x, y
        return None

    def drop(self, radius_px: float) -> tuple[float, float] | None:
        """A centre (x, y) for a disc wherever it falls, upon others or beside them."""
        for _ in range(ATTEMPTS):
            x, y = self._anywhere(radius_px)
            if self._fits(x, y, radius_px):
                return x, y
        return None

    def _anywhere(self, radius_px: float) -> tuple[float, float]:
        """A point of the photograph, or beyond its border by half of the radius at most."""
        out = 0.5 * radius_px
        x = self.rng.uniform(-out, self.width_px + out)
        return x, self.rng.uniform(-out, self.height_px + out)

    def _beside(self, radius_px: float) -> tuple[float, float]:
        """A point from which a disc of this radius reaches another one, or nearly."""
        x, y, other_px = self.discs[self.rng.integers(len(self.discs))]
        angle = self.rng.uniform(0, 2 * math.pi)
        distance = (radius_px + other_px) * self.rng.uniform(0.82, APART)
        return x + distance * math.cos(angle), y + distance * math.sin(angle)

    def _fits(self, x: float, y: float, radius_px: float) -> bool:
        """Whether a disc shows itself in the photograph and keeps off the corner."""
        out, reach = 0.6 * radius_px, 1.3 * radius_px
        shows = -out < x < self.width_px + out and -out < y < self.height_px + out
        off = x > self.corner_px[0] + reach or y < self.height_px - self.corner_px[1] - reach
        return shows and off
