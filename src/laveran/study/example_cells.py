"""A few cells to show something on: the user's own, or drawn ones."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran.cells.archive import open_source
from laveran.cells.crop import letterbox
from laveran.cells.drawing_parasites import STAGES
from laveran.cells.stream import decode_stream
from laveran.cells.synthetic import draw_cell, draw_patient
from laveran.errors import DataError, PictureError


def example_cells(
    data: Path | str | None, count: int, *, size_px: int, seed: int = 0
) -> NDArray[np.uint8]:
    """Some cells of a zip or folder by chance, one picture, or drawn ones.

    Args:
        data: Zip, folder or picture; None draws parasitized cells, each of another patient.
        count: How many; fewer where there are fewer.
        size_px: Side of the squares that they are fitted into.
        seed: Of the choice or the drawing.

    Returns:
        Letterboxed RGB cells, uint8 [N, size_px, size_px, 3].

    Raises:
        DataError: If no picture can be read.

    Example:
        >>> example_cells(None, 2, size_px=16).shape
        (2, 16, 16, 3)
    """
    rng = np.random.default_rng(seed)
    if data is None:
        stages = [list(STAGES)[number % len(STAGES)] for number in range(count)]
        cells = [draw_cell(rng, draw_patient(rng), stage).image for stage in stages]
        return np.stack([letterbox(cell, size_px) for cell in cells])
    with open_source(data) as source:
        order = rng.permutation(len(source))[:count]
        entries = [source.entries[place] for place in order.tolist()]
        found = list(decode_stream(source, partial(letterbox, size_px=size_px), entries=entries))
    cells = [picture for _, picture in found if not isinstance(picture, PictureError)]
    if not cells:
        entry, error = found[0]
        raise DataError(f"{data}: {entry.name} cannot be read: {error}")
    return np.stack(cells)
