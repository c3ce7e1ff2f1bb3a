"""Pictures side by side: how the methods show what they see."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Tile = NDArray[np.uint8]  # [H, W, 3]

GAP_PX = 3
FRAME_SHARE = 0.06
VIOLET, ORANGE = (150, 96, 220), (226, 126, 22)  # as on the page: parasitized, uninfected
PAPER = 128  # grey: neither of the page's two papers, and no cell's colour


def montage(tiles: Sequence[Tile], columns: int, side_px: int = 64, gap_px: int = GAP_PX) -> Tile:
    """Tiles in rows, each scaled to a square.

    Args:
        tiles: uint8 [h, w, 3] each; at least one.
        columns: Tiles in a row.
        side_px: Side of a tile.
        gap_px: Between tiles.

    Returns:
        uint8 [H, W, 3].

    >>> montage([np.zeros((8, 8, 3), np.uint8)] * 5, columns=3, side_px=10, gap_px=2).shape
    (22, 34, 3)
    """
    rows = -(-len(tiles) // columns)
    across = min(columns, len(tiles))
    step = side_px + gap_px
    sheet = np.full((rows * step - gap_px, across * step - gap_px, 3), PAPER, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = step * (number // columns), step * (number % columns)
        way = cv2.INTER_NEAREST if max(tile.shape[:2]) < side_px // 2 else cv2.INTER_CUBIC
        scaled = cv2.resize(tile, (side_px, side_px), interpolation=way)
        sheet[top : top + side_px, left : left + side_px] = scaled
    return sheet


def stretched(values: NDArray[np.float32]) -> Tile:
    """Signed numbers [H, W, 3] as a picture: zero is grey, the largest of them black or white.

    >>> stretched(np.array([[[-1.0, 0.0, 1.0]]], np.float32)).tolist()
    [[[1, 128, 255]]]
    """
    largest = max(float(np.abs(values).max()), 1e-9)
    return np.asarray((128 + 127 * values / largest).round(), np.uint8)


def glowing(values: NDArray[np.float32], low: float, high: float) -> Tile:
    """Numbers [H, W] as a picture from dark to bright over `low..high`."""
    share = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    painted = cv2.applyColorMap((255 * share).astype(np.uint8), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(painted, cv2.COLOR_BGR2RGB), np.uint8)


def framed(picture: NDArray[np.uint8], *, parasitized: bool) -> Tile:
    """The cell uint8 [S, S, 3] in a frame of the colour of its label."""
    rim = max(1, round(FRAME_SHARE * len(picture)))
    colour = VIOLET if parasitized else ORANGE
    wide = cv2.copyMakeBorder(picture, *(4 * (rim,)), cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(wide, np.uint8)
