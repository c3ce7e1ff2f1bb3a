"""The page for blind reading: cells one at a time, large, and nothing that tells what they are."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran.errors import DataError
from laveran.report.page import STYLES, render_page


def render(cells: Sequence[tuple[str, NDArray[np.uint8]]]) -> str:
    """The page as HTML: one file without any outside asset.

    Args:
        cells: An opaque id and the picture, RGB uint8 [H, W, 3], of each cell, in the order in
            which they are shown; the part of the ids before `-` names the page.

    Raises:
        DataError: If there is no cell, or a picture cannot be written.

    Example:
        >>> page = render([("ab12cd-1", np.zeros((8, 8, 3), np.uint8))])
        >>> page.count("<img")
        1
    """
    if not cells:
        raise DataError("a page for re-reading needs at least one cell")
    return render_page(
        "reread.html.j2",
        styles=(*STYLES, "reread.css"),
        scripts=("reread.js",),
        code=cells[0][0].partition("-")[0],
        cells=[(name, lossless_uri(image)) for name, image in cells],
    )


def lossless_uri(image: NDArray[np.uint8]) -> str:
    """The picture as a PNG data URI, every pixel as it is: compression must not draw a ring.

    Raises:
        DataError: If OpenCV cannot encode it.
    """
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    if not done:
        raise DataError(f"a picture {image.shape} for a page cannot be written as PNG")
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode()
