"""`laveran study convolution`: the lesson on convolution, on one cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.headers import SUFFIXES
from laveran.model.runtime import SHIPPED
from laveran.networks.network import load
from laveran.report.convolution_page import ConvolutionPage, FirstWindow, StackFilter, render
from laveran.study.convolution.arithmetic import (
    cross_correlate,
    filter_maps,
    layer_parameters,
    neuron_parameters,
    pool,
)
from laveran.study.convolution.kernels import (
    KERNELS,
    chromatin_filter,
    learned_filters,
    named_filters,
)
from laveran.study.example_cells import example_cells

SIZE_PX = 64
CROP_PX = 7
FIRST_KERNEL = "Sobel, left to right"
GREEN = 1  # what stains is darkest in green
LECTURE_MAP = np.array([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]], np.float64)


@dataclass(frozen=True)
class Lesson:
    """What was written.

    Attributes:
        page: The file.
        picture: Name of the cell on it.
        counts: The lecture's numbers of weights: what is counted, how, and the number.
    """

    page: Path
    picture: str
    counts: tuple[tuple[str, str, int], ...]


def write_lesson(
    picture: Path | str | None = None,
    *,
    out: Path | str,
    model: Path | str | None = None,
    seed: int = 0,
) -> Lesson:
    """Write the page that shows on a cell what a convolutional layer does.

    Args:
        picture: A picture, or a zip or folder to choose from; None draws a cell.
        out: Page to write.
        model: Run folder whose first layer's filters are shown; None for the shipped model.
        seed: Of the choice or the drawing.

    Raises:
        DataError: If the picture cannot be read.
        ModelError: If the run cannot be read, or does not begin with a convolution.
        OutputError: If the page cannot be written.
    """
    (cell,) = example_cells(picture, 1, size_px=SIZE_PX, seed=seed)
    name = _called(picture)
    filters = [*named_filters(), *learned_filters(load(Path(model or SHIPPED)))]
    top, left = interesting_crop(cell)
    crop = cell[top : top + CROP_PX, left : left + CROP_PX, GREEN].astype(np.float64)
    kernel = KERNELS[FIRST_KERNEL]
    page = ConvolutionPage(
        name,
        cell,
        (top, left),
        FIRST_KERNEL,
        FirstWindow(crop, kernel, cross_correlate(crop, kernel), crop[:3, :3] * kernel),
        KERNELS,
        [StackFilter(*each) for each in filters],
        (LECTURE_MAP, pool(LECTURE_MAP)),
        lecture_counts(),
    )
    files.write_text(out, render(page))
    return Lesson(Path(out), name, lecture_counts())


def _called(picture: Path | str | None) -> str:
    """What the page calls its cell.

    >>> _called(None), _called("in/a.png"), _called("cells.zip")
    ('a drawn cell', 'a.png', 'a cell of cells.zip')
    """
    if picture is None:
        return "a drawn cell"
    path = Path(picture)
    return path.name if path.suffix.lower() in SUFFIXES else f"a cell of {path.name}"


def interesting_crop(cell: NDArray[np.uint8]) -> tuple[int, int]:
    """Top row and left column of the crop around the most purple spot of a cell [S, S, 3].

    Example:
        >>> cell = np.zeros((64, 64, 3), np.uint8)
        >>> cell[20:23, 30:33] = (120, 40, 160)
        >>> interesting_crop(cell)
        (18, 28)
    """
    blob = chromatin_filter()
    found = filter_maps(cell.transpose(2, 0, 1), blob.weights[None], [0.0], padding=2)[0]
    row, column = np.unravel_index(found.argmax(), found.shape)
    last = len(cell) - CROP_PX
    top, left = (int(np.clip(place - CROP_PX // 2, 0, last)) for place in (row, column))
    return top, left


def lecture_counts() -> tuple[tuple[str, str, int], ...]:
    """The numbers of weights that the lecture names: what, how it is counted, how many."""
    return (
        (
            "a layer of 16 filters of 3 x 3 on RGB",
            "16 x (3 x 3 x 3 + 1)",
            layer_parameters(16, 3, 3),
        ),
        ("one neuron that looks at 32 x 32 x 3", "32 x 32 x 3 + 1", neuron_parameters(32)),
        ("one neuron that looks at 224 x 224 x 3", "224 x 224 x 3 + 1", neuron_parameters(224)),
    )
