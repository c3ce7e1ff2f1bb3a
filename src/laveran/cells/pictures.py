"""From the bytes of a picture, whatever its format, to 8-bit RGB."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.cells.headers import Header, read_header
from laveran.cells.png import decode_png
from laveran.errors import PictureError

MAX_PIXELS = 64_000_000  # a photograph of 6000 x 8000 passes, a bomb of 20000 x 20000 does not


def picture_size(data: bytes) -> tuple[int, int]:
    """The width and height in pixels as stored, from the header alone.

    Raises:
        PictureError: If the data is no picture, or larger than `MAX_PIXELS`.
    """
    header = _checked_header(data)
    return header.width, header.height


def decode(data: bytes) -> NDArray[np.uint8]:
    """Decode a picture in memory: a PNG, JPEG, BMP, GIF, TIFF or WebP.

    Grey, palette and CMYK become RGB, 16 bit becomes 8, transparency is laid on black (as
    the cells of NIH's set are), EXIF's rotation is applied, and of an animation or a file
    of many pages the first counts. (A transparent GIF or WebP is not rotated.)

    Args:
        data: The whole file.

    Returns:
        RGB [H,W,3], uint8, contiguous; at least 1 x 1.

    Raises:
        PictureError: If it is no picture, cut off, damaged or larger than `MAX_PIXELS`. The
            message is the reason alone; who knows the picture's name adds it.

    Example:
        >>> decode(cv2.imencode(".png", np.full((2, 3), 7, np.uint8))[1].tobytes()).shape
        (2, 3, 3)
        >>> decode(b"a text")
        Traceback (most recent call last):
        laveran.errors.PictureError: not a PNG, JPEG, BMP, GIF, TIFF or WebP picture, ...
    """
    header = _checked_header(data)
    image = decode_png(data) if header.kind == "PNG" else None
    if image is None:
        image = _decode_with_opencv(data, header)
    return _rgb(image)


def _checked_header(data: bytes) -> Header:
    """The header of a picture that is not too large to decode."""
    header = read_header(data)
    if header.width * header.height > MAX_PIXELS:
        raise PictureError(
            f"too large: {header.width} x {header.height} pixels, "
            f"the limit is {MAX_PIXELS // 1_000_000} million"
        )
    return header


def _decode_with_opencv(data: bytes, header: Header) -> NDArray[Any]:
    """Grey [H,W], RGB [H,W,3] or RGBA [H,W,4]; only an opaque picture is turned by its EXIF."""
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # we raise what it prints
    flag = cv2.IMREAD_UNCHANGED if header.alpha else cv2.IMREAD_COLOR
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error as error:
        raise PictureError(f"damaged: the {header.kind} cannot be decoded") from error
    if image is None:
        raise PictureError(
            f"cut off, damaged or of an unusual kind: the {header.kind} cannot be decoded"
        )
    if image.ndim == 3:
        to_rgb = cv2.COLOR_BGR2RGB if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        image = cv2.cvtColor(image, to_rgb)
    return np.asarray(image)


def _rgb(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey, grey and alpha, RGB or RGBA, uint8 or uint16 -> RGB uint8 [H,W,3] on black."""
    if image.dtype == np.uint16:
        image = np.asarray(cv2.convertScaleAbs(image, alpha=1 / 257))
    height, width = image.shape[:2]
    image = image.reshape(height, width, -1)
    if image.shape[2] in (2, 4):
        opacity = image[..., -1:] / np.float32(255)
        image = np.rint(image[..., :-1] * opacity).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(image, (height, width, 3)))
