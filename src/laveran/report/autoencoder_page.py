"""The page of an autoencoder: what comes back of cells, what lies between them, new cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.metrics import Figure
from laveran.report.formats import number
from laveran.report.learning import Curve, learning_curves
from laveran.report.page import SCRIPTS, STYLES, render_page
from laveran.report.pictures import data_uri, fitted
from laveran.report.score_histogram import score_histogram

Picture = NDArray[np.uint8]  # [H, W, 3]
QUALITY = 84
TILE_PX = 96  # a cell on the page
LOSS_GAIN = 2  # how much what was lost is brightened

BOUND, RECONSTRUCTION, DIVERGENCE = (
    (Curve(f"train_{term}", "train", "train"), Curve(f"test_{term}", "test", "valid"))
    for term in ("bound", "reconstruction", "divergence")
)
SIGMA = (Curve("sigma", "sigma", "rate"),)
Named = tuple[str, Sequence[Curve], str]  # a chart's name, its curves, what its numbers are


@dataclass(frozen=True)
class AutoencoderFigures:
    """What was measured on the test patients.

    Attributes:
        n_train: Cells that were learned from.
        n_test: Cells that were measured on.
        n_test_patients: Their patients.
        bound: Mean bound of a test cell in nats, one code drawn for each; of a plain one, the
            likelihood given its code. A density of pixels in 0..1.
        reconstruction: The bound's first term.
        divergence: Its second, subtracted; 0 for a plain one.
        sigma: Standard deviation of a pixel that the likelihood goes by, in levels of 0..255.
        error: Root of the mean squared error of reconstructions, in levels of 0..255.
        error_on_cells: The same over the pixels of the cells alone, without black.
        pca_error: Of as many principal components as the code has numbers: what a linear
            autoencoder reaches at best (Baldi & Hornik 1989).
        pca_error_on_cells: The same over the pixels of the cells alone.
        used: Numbers of the code that vary over the cells.
        anomaly_auroc: How often the anomaly score of a parasitized cell is above that of an
            uninfected one, with its 95% interval by resampling patients.
        bound_auroc: The same with the negative bound as the score.
        seconds: The fit took.
    """

    n_train: int
    n_test: int
    n_test_patients: int
    bound: float
    reconstruction: float
    divergence: float
    sigma: float
    error: float
    error_on_cells: float
    pca_error: float
    pca_error_on_cells: float
    used: int
    anomaly_auroc: Figure
    bound_auroc: Figure
    seconds: float


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A test cell, what comes back of it, and its anomaly score in levels of 0..255."""

    name: str
    patient: str
    label: str
    picture: Picture
    answer: Picture
    anomaly: float

    @property
    def views(self) -> tuple[str, str, str]:
        """The cell, what comes back, and what is lost, as data URIs."""
        apart = np.abs(self.picture.astype(np.int16) - self.answer)
        lost = np.clip(LOSS_GAIN * apart, 0, 255).astype(np.uint8)
        first, second, third = (
            data_uri(fitted(each, TILE_PX), QUALITY) for each in (self.picture, self.answer, lost)
        )
        return first, second, third


@dataclass(frozen=True, slots=True)
class Way:
    """From one cell to another in equal steps: a strip through the code, one through pixels."""

    first: str
    second: str
    through_code: Picture
    through_pixels: Picture


@dataclass(frozen=True, slots=True)
class Trait:
    """One number of the code, its standard deviation over cells, and cells along it as a strip."""

    number: int
    spread: float
    strip: Picture


@dataclass(frozen=True)
class AutoencoderPage:
    """All that the page shows.

    Attributes:
        variational: Whether codes are Gaussians.
        latent: Numbers in a code.
        epochs: Passes over the training cells.
        size_px: Side of the cells.
        uninfected_only: Whether it learned from uninfected cells alone.
        optimistic: Whether a patient may be on both sides.
        notes: What else must be known.
        figures: What was measured.
        history: A row an epoch with the terms of the bound.
        rebuilt: Test cells and what comes back of them.
        ways: Between cells of either class.
        samples: Cells out of random codes, side by side.
        traits: The numbers that vary most, the first the most.
        strangest: The test cells of the highest anomaly.
        plainest: Those of the lowest.
        y_true: Labels of all test cells [N].
        anomaly: Their anomaly scores [N].
    """

    variational: bool
    latent: int
    epochs: int
    size_px: int
    uninfected_only: bool
    optimistic: bool
    notes: Sequence[str]
    figures: AutoencoderFigures
    history: Sequence[Mapping[str, float]]
    rebuilt: Sequence[Rebuilt]
    ways: Sequence[Way]
    samples: Picture
    traits: Sequence[Trait]
    strangest: Sequence[Rebuilt]
    plainest: Sequence[Rebuilt]
    y_true: NDArray[np.int64]
    anomaly: NDArray[np.float32]


def render(page: AutoencoderPage) -> str:
    """The page as HTML: one file without any outside asset."""
    return render_page(
        "autoencoder.html.j2",
        styles=(*STYLES, "autoencoder.css"),
        scripts=SCRIPTS,
        page=page,
        uri=_uri,
        histogram=score_histogram(
            page.y_true, page.anomaly, "error of the worst spot, of 255 levels"
        ),
        curves=_curves(page),
        as_number=number,
    )


def _uri(picture: Picture) -> str:
    """A strip or sheet as it is."""
    return data_uri(picture, QUALITY)


def _curves(page: AutoencoderPage) -> list[tuple[str, object]]:
    """The terms over the epochs, by name; a plain autoencoder has but one."""
    shown: list[Named] = [("Reconstruction: log p(cell | code)", RECONSTRUCTION, "nats a cell")]
    if page.variational:
        shown.insert(0, ("The bound", BOUND, "nats a cell"))
        shown.append(("Divergence: KL from the prior", DIVERGENCE, "nats a cell"))
    shown.append(("Standard deviation of a pixel", SIGMA, "of 0..1"))
    return [(name, learning_curves(page.history, curves, title)) for name, curves, title in shown]
