"""Keypoints of a cell: places that a detector finds remarkable, and what each looks like.

All look at green, where Giemsa's violet is darkest, and at the cell on its own colour: neither the
black margin nor the outline against it has keypoints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.study.foreground import inside, on_own_colour

MOST = 60  # keypoints of a cell, the strongest
GREEN = 1
FROM_OUTLINE_PX = 3


@dataclass(frozen=True)
class Keypoints:
    """The K keypoints of one cell; K may be 0.

    Attributes:
        places: x and y in the cell's pixels, float32 [K, 2].
        sizes_px: Diameter of what each describes, float32 [K].
        descriptors: What it looks like, float32 [K, D]; bits as 0 and 1.
    """

    places: NDArray[np.float32]
    sizes_px: NDArray[np.float32]
    descriptors: NDArray[np.float32]


Detector = Callable[[NDArray[np.uint8]], Keypoints]  # of a cell uint8 [S, S, 3]


@dataclass(frozen=True)
class _View:
    """What a detector looks at: green, enlarged, with a rim for descriptors that reach far."""

    green: NDArray[np.uint8]  # [H, W]
    mask: NDArray[np.uint8]  # [H, W], 255 where keypoints may be
    enlarged: int
    rim_px: int

    @classmethod
    def of(cls, picture: NDArray[np.uint8], enlarged: int = 1, rim_px: int = 0) -> _View:
        """The view of a cell uint8 [S, S, 3]."""
        filled = on_own_colour(picture)[..., GREEN]
        mask = 255 * inside(picture, FROM_OUTLINE_PX).astype(np.uint8)
        side = enlarged * len(picture)
        green = cv2.resize(filled, (side, side), interpolation=cv2.INTER_CUBIC)
        mask = cv2.resize(mask, (side, side), interpolation=cv2.INTER_NEAREST)
        rims = 4 * (rim_px,)
        green = cv2.copyMakeBorder(green, *rims, cv2.BORDER_REPLICATE)
        mask = cv2.copyMakeBorder(mask, *rims, cv2.BORDER_CONSTANT, value=(0,))
        return cls(np.asarray(green, np.uint8), np.asarray(mask, np.uint8), enlarged, rim_px)

    def keypoints(self, x_y: Any, sizes: Any, descriptors: Any, length: int) -> Keypoints:
        """Those that are inside, in the cell's own pixels; descriptors are `length` long."""
        at = np.asarray(x_y, np.float32).reshape(-1, 2)
        column, row = np.clip(at.round().astype(int).T, 0, len(self.mask) - 1)
        kept = self.mask[row, column] > 0
        described = np.asarray(descriptors, np.float32).reshape(-1, length)
        return Keypoints(
            (at[kept] + 0.5 - self.rim_px) / self.enlarged - 0.5,
            np.asarray(sizes, np.float32).reshape(-1)[kept] / self.enlarged,
            described[kept],
        )


@dataclass(frozen=True)
class Sift:
    """Blobs in scale space and their histograms of gradients (Lowe 2004, IJCV 60:91)."""

    contrast: float = 0.005

    def __call__(self, picture: NDArray[np.uint8]) -> Keypoints:
        """The keypoints of a cell uint8 [S, S, 3]."""
        view = _View.of(picture)
        detector = cv2.SIFT.create(nfeatures=MOST, contrastThreshold=self.contrast)
        found, descriptors = detector.detectAndCompute(view.green, view.mask)
        return view.keypoints(*_told(found, descriptors), length=128)


@dataclass(frozen=True)
class Orb:
    """Corners in a pyramid and turned pairs of pixels (Rublee et al. 2011, ICCV, p. 2564)."""

    threshold: int = 3

    def __call__(self, picture: NDArray[np.uint8]) -> Keypoints:
        """The keypoints of a cell uint8 [S, S, 3]."""
        view = _View.of(picture, enlarged=2, rim_px=32)
        detector = cv2.ORB.create(
            nfeatures=MOST, nlevels=4, edgeThreshold=16, fastThreshold=self.threshold
        )
        found, packed = detector.detectAndCompute(view.green, view.mask)
        bits = None if packed is None else np.unpackbits(packed, axis=1)
        return view.keypoints(*_told(found, bits), length=256)


@dataclass(frozen=True)
class FastBrief:
    """Corners by a ring of pixels (Rosten and Drummond 2006, ECCV, p. 430), pairs of pixels.

    The pairs are BRIEF's (Calonder et al. 2010, ECCV, p. 778).
    """

    threshold: int = 3
    brief: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from skimage.feature import BRIEF

        object.__setattr__(self, "brief", BRIEF(descriptor_size=256, patch_size=31))

    def __call__(self, picture: NDArray[np.uint8]) -> Keypoints:
        """The keypoints of a cell uint8 [S, S, 3]."""
        view = _View.of(picture, enlarged=2, rim_px=32)
        corners = cv2.FastFeatureDetector.create(self.threshold).detect(view.green, view.mask)
        strongest = sorted(corners, key=lambda corner: -corner.response)[:MOST]
        places, sizes, _ = _told(strongest, ())
        if not len(places):
            return view.keypoints((), (), (), length=256)
        self.brief.extract(view.green, places[:, ::-1])  # it wants rows first
        whole = self.brief.mask
        return view.keypoints(places[whole], sizes[whole], self.brief.descriptors, length=256)


@dataclass(frozen=True)
class Surf:
    """Blobs by box filters and sums of Haar wavelets (Bay et al. 2008, CVIU 110:346)."""

    threshold: float = 0.1

    def __post_init__(self) -> None:
        import mahotas.features  # noqa: F401, a missing library is told before any work

    def __call__(self, picture: NDArray[np.uint8]) -> Keypoints:
        """The keypoints of a cell uint8 [S, S, 3]."""
        from mahotas.features import surf

        view = _View.of(picture, enlarged=2, rim_px=24)
        found = surf.surf(view.green, nr_octaves=2, threshold=self.threshold, max_points=MOST)
        # a row: y, x, scale, score, sign, angle, 64 numbers; SURF describes 20 scales' width
        return view.keypoints(found[:, 1::-1], 20 * found[:, 2], found[:, 6:], length=64)


def _told(found: Any, descriptors: Any) -> tuple[NDArray[np.float32], NDArray[np.float32], Any]:
    """OpenCV's keypoints as arrays; where there are none, it gives None for descriptors."""
    places = np.array([each.pt for each in found], np.float32).reshape(-1, 2)
    sizes = np.array([each.size for each in found], np.float32)
    return places, sizes, () if descriptors is None else descriptors
