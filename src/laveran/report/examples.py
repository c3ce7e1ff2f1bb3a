"""The contact sheet: cells to look at, with what the network saw in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.report.pictures import data_uri, evidence_ramp, evidence_scale, fitted, with_evidence

LEAST_PROBABILITY = 1e-7  # of the true class; a loss stays finite


@dataclass(frozen=True)
class Example:
    """One cell to show.

    Attributes:
        name: Its name in the manifest.
        patient: Whose it is; empty where nothing tells.
        label: 1 parasitized, 0 uninfected.
        probability: Predicted probability of "parasitized", 0..1.
        image: The cell, uint8 [H, W, 3] RGB.
        evidence: Signed contributions to the logit [h, w], positive towards parasitized; None for
            a network without maps.
    """

    name: str
    patient: str
    label: int
    probability: float
    image: NDArray[np.uint8]
    evidence: NDArray[np.float32] | None = None

    @property
    def loss(self) -> float:
        """Minus the logarithm of the probability that the label was given.

        >>> blank = np.zeros((8, 8, 3), np.uint8)
        >>> round(Example("a.png", "", 0, 0.99, blank).loss, 2)
        4.61
        """
        return loss(self.label, self.probability)


@dataclass(frozen=True, slots=True)
class Card:
    """An example as the page shows it."""

    example: Example
    picture: str  # data URI
    overlay: str | None  # data URI


@dataclass(frozen=True, slots=True)
class Sheet:
    """A contact sheet: cards by kind, and the key to the overlay's colours."""

    false_positives: list[Card]
    false_negatives: list[Card]
    has_evidence: bool
    scale: float  # evidence at full strength
    ramp: str  # data URI


def loss(label: int, probability: float) -> float:
    """Cross entropy of one cell, at least 0."""
    given = probability if label else 1 - probability
    return -math.log(min(1.0, max(given, LEAST_PROBABILITY)))


def contact_sheet(examples: Sequence[Example]) -> Sheet:
    """Cards of wrongly called cells, the greatest loss first, painted on one scale.

    Args:
        examples: Cells that were called wrongly: what is not labelled parasitized is shown as a
            false positive, what is as a false negative.

    Raises:
        DataError: If a picture is not uint8 [H, W, 3].
    """
    maps = [example.evidence for example in examples if example.evidence is not None]
    scale = evidence_scale(maps)
    by_loss = sorted(examples, key=lambda example: -example.loss)
    return Sheet(
        false_positives=[_card(example, scale) for example in by_loss if not example.label],
        false_negatives=[_card(example, scale) for example in by_loss if example.label],
        has_evidence=bool(maps),
        scale=scale,
        ramp=data_uri(evidence_ramp()),
    )


def _card(example: Example, scale: float) -> Card:
    """The example with its pictures encoded."""
    image = fitted(example.image)
    overlay = None
    if example.evidence is not None:
        overlay = data_uri(with_evidence(image, example.evidence, scale))
    return Card(example, data_uri(image), overlay)
