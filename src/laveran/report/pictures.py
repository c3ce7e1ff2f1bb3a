"""Cells inside a page: data URIs, and the network's evidence painted on them."""

from __future__ import annotations

import base64
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.errors import DataError

Picture = NDArray[np.uint8]  # [H, W, 3] RGB
Evidence = NDArray[np.float32]  # [h, w], signed contribution to the logit

SIDE_PX = 144  # the longer side on the page, about that of a cell as cropped
QUALITY = 88
# Hues of ColorBrewer's PuOr as (a, b) of CIELAB: apart for colour-blind readers too.
TOWARDS_PARASITIZED = np.array([38.0, -56.0], np.float32)
TOWARDS_UNINFECTED = np.array([26.0, 62.0], np.float32)
DARKEST = 24.0  # lightness of black under the overlay; black itself cannot show a colour


def fitted(image: Picture, side_px: int = SIDE_PX) -> Picture:
    """The picture with `side_px` as its longer side, its proportions kept.

    Raises:
        DataError: If it is not uint8 [H, W, 3] with at least one pixel.

    >>> fitted(np.zeros((40, 20, 3), np.uint8), side_px=100).shape
    (100, 50, 3)
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise DataError(f"a picture for a page is uint8 [H, W, 3], not {image.dtype} {image.shape}")
    factor = side_px / max(image.shape[:2])
    height, width = (max(1, round(side * factor)) for side in image.shape[:2])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    resized: Picture = cv2.resize(image, (width, height), interpolation=way)
    return resized


def data_uri(image: Picture, quality: int = QUALITY) -> str:
    """The picture as a JPEG data URI with full colour resolution: a ring is a few violet pixels.

    Raises:
        DataError: If OpenCV cannot encode it.

    >>> data_uri(np.zeros((8, 8, 3), np.uint8))[:27]
    'data:image/jpeg;base64,/9j/'
    """
    settings = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    done, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), settings)
    if not done:
        raise DataError(f"a picture {image.shape} for a page cannot be written as JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode()


def evidence_scale(maps: Iterable[Evidence]) -> float:
    """The evidence that is painted at full strength: one for all cells, so that they compare.

    The 99th percentile of the absolute values, so that a single peak does not pale the rest; at
    least a tiny number, so that maps of zeros can be painted.

    >>> round(evidence_scale([np.array([[-4.0, 0.0]]), np.array([[2.0, 1.0]])]), 2)
    3.94
    """
    values = [np.abs(evidence).ravel() for evidence in maps]
    if not values:
        return 1.0
    return max(float(np.percentile(np.concatenate(values), 99)), 1e-6)


def with_evidence(image: Picture, evidence: Evidence, scale: float) -> Picture:
    """The cell in grey, tinted violet towards parasitized and orange towards uninfected.

    Lightness stays that of the cell, so its structure is read as before; hue is the sign and
    chroma the strength, linear in CIELAB, which is spaced as the eye sees.

    Args:
        image: The cell, uint8 [H, W, 3].
        evidence: Signed contributions [h, w]; enlarged smoothly to the picture.
        scale: The absolute value painted at full strength, above 0.

    Returns:
        uint8 [H, W, 3].
    """
    height, width = image.shape[:2]
    large = cv2.resize(evidence.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    strength = np.clip(large / scale, -1, 1)[..., np.newaxis]
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab[..., :1] = DARKEST + lab[..., :1] * (1 - DARKEST / 100)
    lab[..., 1:] = np.where(
        strength > 0, strength * TOWARDS_PARASITIZED, -strength * TOWARDS_UNINFECTED
    )
    rgb = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    painted: Picture = (np.clip(rgb, 0, 1) * 255).round().astype(np.uint8)
    return painted


def evidence_ramp(width_px: int = 160, height_px: int = 10) -> Picture:
    """The colours of `with_evidence` from full strength towards uninfected to parasitized."""
    grey = np.full((height_px, width_px, 3), 160, np.uint8)
    ramp = np.linspace(-1, 1, width_px, dtype=np.float32)
    return with_evidence(grey, np.tile(ramp, (height_px, 1)), scale=1.0)
