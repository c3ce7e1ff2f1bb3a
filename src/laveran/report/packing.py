"""Numbers inside a page: 16 or 8 bits each, with their scale, as base64."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

TINIEST = float(np.finfo(np.float32).tiny)


def pack_halves(values: NDArray[np.float32]) -> dict[str, Any]:
    """Numbers as 16-bit floats of the largest of them.

    Each is kept to 1/2048 of itself, and to 1/2**25 of the largest where it is tiny.

    Args:
        values: float32 [...].

    Returns:
        `kind`, `scale` and `data`, the little-endian bytes as base64.

    Example:
        >>> packed = pack_halves(np.array([0.0, -300.0], np.float32))
        >>> packed["scale"], unpack(packed)
        (300.0, array([   0., -300.], dtype=float32))
    """
    scale = max(float(np.abs(values).max(initial=0)), TINIEST)
    return {"kind": "half", "scale": scale, "data": pack_bytes((values / scale).astype("<f2"))}


def pack_rows(values: NDArray[np.float32]) -> dict[str, Any]:
    """Numbers as signed bytes, each row with a scale of its own.

    Args:
        values: float32 [rows, ...]; each number is kept to 1/254 of the largest of its row.

    Returns:
        As `pack_halves`; `scale` is a list, a number a row.

    Example:
        >>> unpack(pack_rows(np.array([[127.0, 1.2], [0.5, -0.5]], np.float32)))
        array([127. ,   1. ,   0.5,  -0.5], dtype=float32)
    """
    rows = values.reshape(len(values), -1)
    scale = np.maximum(np.abs(rows).max(axis=1, initial=0), TINIEST).astype(np.float32)
    levels = np.rint(rows / scale[:, None] * 127).astype(np.int8)
    return {"kind": "byte", "scale": scale.tolist(), "data": pack_bytes(levels)}


def pack_bytes(values: NDArray[Any]) -> str:
    """The bytes of an array, as base64."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def unpack(packed: dict[str, Any]) -> NDArray[np.float32]:
    """What the page's script reads of packed numbers, float32 [n]."""
    data = base64.b64decode(packed["data"])
    if packed["kind"] == "half":
        return np.frombuffer(data, "<f2").astype(np.float32) * np.float32(packed["scale"])
    scale = np.asarray(packed["scale"], np.float32)
    rows = np.frombuffer(data, np.int8).reshape(len(scale), -1)
    return (rows * (scale[:, None] / np.float32(127))).ravel()
