"""The page that shows on a cell what a convolutional layer does, number by number."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.report.page import STYLES, render_page
from laveran.report.pictures import data_uri, fitted

SCRIPTS = (
    "convolution_math.js",
    "convolution_paint.js",
    "convolution_window.js",
    "convolution_pool.js",
    "convolution_stack.js",
)
PICTURE_PX = 192
DIGITS = 5  # of a weight: no grey value changes by what is cut off


@dataclass(frozen=True)
class StackFilter:
    """One filter over the three channels of the cell.

    Attributes:
        name: What it is called.
        weights: float64 [3, F, F].
        bias: What is added.
        stride: S.
    """

    name: str
    weights: NDArray[np.float64]
    bias: float
    stride: int


@dataclass(frozen=True)
class FirstWindow:
    """What the page shows before its script runs, or where none may.

    Attributes:
        numbers: The crop, float [n, n].
        kernel: float [3, 3].
        output: The crop through the kernel, without padding [n - 2, n - 2].
        products: Of the first window and the kernel [3, 3].
    """

    numbers: NDArray[np.float64]
    kernel: NDArray[np.float64]
    output: NDArray[np.float64]
    products: NDArray[np.float64]


@dataclass(frozen=True)
class ConvolutionPage:
    """All that the page shows.

    Attributes:
        name: Of the picture.
        cell: RGB uint8 [S, S, 3].
        crop: Top row and left column of the crop that is shown in numbers.
        first_kernel: Name of the kernel that is shown first.
        first: That crop through the first kernel.
        kernels: Kernels [3, 3] by name.
        filters: Filters over the three channels.
        pooled: The lecture's 4 x 4 example and its largest values, [4, 4] and [2, 2].
        counts: What is counted, how, and the number, a row each.
    """

    name: str
    cell: NDArray[np.uint8]
    crop: tuple[int, int]
    first_kernel: str
    first: FirstWindow
    kernels: Mapping[str, NDArray[np.float64]]
    filters: Sequence[StackFilter]
    pooled: tuple[NDArray[np.float64], NDArray[np.float64]]
    counts: Sequence[tuple[str, str, int]]

    @property
    def kernel_choices(self) -> list[tuple[str, str]]:
        """Value and text of the button of each kernel."""
        return [(name, name) for name in self.kernels]

    @property
    def for_script(self) -> dict[str, Any]:
        """What the script computes with."""
        return {
            "cell": base64.b64encode(self.cell.tobytes()).decode(),
            "side": len(self.cell),
            "crop": list(self.crop),
            "cropSide": len(self.first.numbers),
            "firstKernel": self.first_kernel,
            "kernels": {name: kernel.tolist() for name, kernel in self.kernels.items()},
            "pooled": self.pooled[0].tolist(),
            "filters": [
                {
                    "name": each.name,
                    "weights": _short(each.weights),
                    "bias": float(f"{each.bias:.{DIGITS}g}"),
                    "stride": each.stride,
                }
                for each in self.filters
            ],
        }


def render(page: ConvolutionPage) -> str:
    """The page as HTML: one file without any outside asset.

    Raises:
        DataError: If the cell is not uint8 RGB.
    """
    return render_page(
        "convolution.html.j2",
        styles=(*STYLES, "convolution.css"),
        scripts=SCRIPTS,
        page=page,
        picture=data_uri(fitted(page.cell, PICTURE_PX)),
    )


def _short(weights: NDArray[np.float64]) -> Any:
    """Weights as nested lists of a few digits."""
    digits = [float(f"{value:.{DIGITS}g}") for value in weights.ravel().tolist()]
    return np.array(digits).reshape(weights.shape).tolist()
