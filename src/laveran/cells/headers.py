"""What a picture's first bytes say: its format, its size, whether it may be transparent.

Read before anything is decoded, so that a text named `.png` and a picture too
large to hold are refused at no cost, and by a reason a person understands.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from laveran.errors import PictureError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".tif", ".tiff", ".gif", ".webp"})


class Header(NamedTuple):
    """What the header of a picture says.

    Attributes:
        kind: "PNG", "JPEG", "BMP", "GIF", "TIFF" or "WebP".
        width: In pixels, as stored (before any EXIF rotation).
        height: In pixels, as stored.
        alpha: Whether it may be transparent, as far as this is for the caller to handle.
    """

    kind: str
    width: int
    height: int
    alpha: bool


def read_header(data: bytes) -> Header:
    """Read the header of a picture in memory.

    Raises:
        PictureError: If the data is empty, of no known format, or its header is damaged.

    Example:
        >>> read_header(b"GIF89a" + bytes([4, 0, 3, 0]))
        Header(kind='GIF', width=4, height=3, alpha=True)
    """
    if not data:
        raise PictureError("empty (0 bytes)")
    kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
    if kind is None or (kind == "WebP" and data[8:12] != b"WEBP"):
        raise PictureError("not a PNG, JPEG, BMP, GIF, TIFF or WebP picture, whatever its name")
    try:
        width, height, alpha = _READERS[kind](data)
    except (IndexError, struct.error) as error:
        raise PictureError(f"cut off: the header of the {kind} is incomplete") from error
    if width <= 0 or height <= 0:
        raise PictureError(f"damaged: the {kind} says that it is {width} x {height} pixels")
    return Header(kind, width, height, alpha)


def _png(data: bytes) -> tuple[int, int, bool]:
    """Width, height, alpha of a PNG; its first chunk is always IHDR (PNG specification, 5.6)."""
    if data[12:16] != b"IHDR":
        raise PictureError("damaged: the PNG does not begin with its header")
    width, height, _, colour = struct.unpack_from(">IIBB", data, 16)
    return width, height, colour in (4, 6)


def _gif(data: bytes) -> tuple[int, int, bool]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height, True


def _bmp(data: bytes) -> tuple[int, int, bool]:
    """A BMP's fourth channel is padding more often than alpha, so it counts as opaque."""
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header_bytes == 12 else "<ii", data, 18)
    return width, abs(height), False


def _webp(data: bytes) -> tuple[int, int, bool]:
    """The three kinds of WebP: extended, lossless, lossy (RFC 9649, 2.5-2.7)."""
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height, bool(data[20] & 0x10)
    if data[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF, False


def _tiff(data: bytes) -> tuple[int, int, bool]:
    """The first page of a TIFF.

    It counts as opaque, since the decoder (libtiff) lays it on black itself.
    """
    width, height, _ = _tiff_page(data, *_tiff_start(data))
    return width, height, False


def tiff_pages(data: bytes) -> list[tuple[int, int]]:
    """Width and height of every page of a TIFF in memory.

    Raises:
        PictureError: If it is no TIFF, or cut off.
    """
    if read_header(data).kind != "TIFF":
        raise PictureError("not a TIFF, whatever its name")
    order, directory = _tiff_start(data)
    pages: dict[int, tuple[int, int]] = {}
    try:
        while directory and directory not in pages:  # a damaged chain may bite its tail
            width, height, end = _tiff_page(data, order, directory)
            pages[directory] = width, height
            (directory,) = struct.unpack_from(f"{order}I", data, end)
    except struct.error as error:
        raise PictureError(f"cut off: page {len(pages) + 1} is incomplete") from error
    return list(pages.values())


def _tiff_start(data: bytes) -> tuple[str, int]:
    """The order of bytes, as `struct` writes it, and where the first page is described."""
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(f"{order}I", data, 4)
    return order, directory


def _tiff_page(data: bytes, order: str, directory: int) -> tuple[int, int, int]:
    """Width, height and the end of a page's description, where the next one's place stands.

    Tag 256 is the width, 257 the height (TIFF 6.0, section 2).
    """
    (count,) = struct.unpack_from(f"{order}H", data, directory)
    end = directory + 2 + 12 * count
    tags = {}
    for at in range(directory + 2, end, 12):
        tag, kind = struct.unpack_from(f"{order}HH", data, at)
        (tags[tag],) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, at + 8)
    return tags.get(256, 0), tags.get(257, 0), end


_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in the scan 00 and D0-D7 are no markers
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END, _ADOBE = 0xDA, 0xD9, 0xEE


def _jpeg(data: bytes) -> tuple[int, int, bool]:
    """Walk a JPEG's markers to its end, since decoders fill what is cut off with grey.

    Four colours without Adobe's marker are refused: nothing tells whether the ink is inverted.
    """
    width = height = colours = 0
    adobe = False
    at = 2
    while (marker := _NEXT_MARKER.search(data, at)) is not None:
        code, at = data[marker.start() + 1], marker.end()
        if code == _END:
            break
        (length,) = struct.unpack_from(">H", data, at)
        if code in _FRAMES:
            height, width, colours = struct.unpack_from(">HHB", data, at + 3)
        adobe = adobe or (code == _ADOBE and data[at + 2 : at + 7] == b"Adobe")
        at += length
    else:
        raise PictureError("cut off: the end of the JPEG is missing")
    if colours == 4 and not adobe:
        raise PictureError("a CMYK JPEG that does not say how its ink is coded; save it as RGB")
    return width, height, False


_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"RIFF": "WebP",
}
_READERS: dict[str, Callable[[bytes], tuple[int, int, bool]]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "BMP": _bmp,
    "GIF": _gif,
    "TIFF": _tiff,
    "WebP": _webp,
}
