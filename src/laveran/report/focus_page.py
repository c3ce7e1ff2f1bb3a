"""The page of focus stacks: one network on whole stacks beside others on a single plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran.metrics import Figure
from laveran.report.intervals import interval_strips
from laveran.report.page import STYLES, render_page
from laveran.report.pictures import data_uri, fitted

PLANE_PX = 96


@dataclass(frozen=True)
class FocusMethod:
    """One network and what it is shown of each stack.

    Attributes:
        name: What it is shown.
        network: What it is made of, in a few words.
        parameters: Weights and biases.
        accuracy: On patients that it never saw.
        auroc: Likewise.
        minus: How much more accurate the network on whole stacks is, on the same patients; None
            for that one itself.
        seconds: To train.
    """

    name: str
    network: str
    parameters: int
    accuracy: Figure
    auroc: Figure
    minus: Figure | None
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.name,
            "network": self.network,
            "parameters": self.parameters,
            "accuracy": self.accuracy.to_json(),
            "auroc": self.auroc.to_json(),
            "whole_stack_minus_this": self.minus and self.minus.to_json(),
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class FocusShare:
    """How often something was found in the plane where it is known to be.

    Attributes:
        what: What was looked for, and where.
        share: Of the stacks, with the interval by resampling patients.
        stacks: How many.
    """

    what: str
    share: Figure
    stacks: int


@dataclass(frozen=True)
class StackExample:
    """A stack of a patient that no network saw.

    Attributes:
        name: Its name.
        label: 1 parasitized, 0 uninfected.
        planes: RGB uint8 [P, S, S, 3].
        sharpest: The plane that measures sharpest; None if it is not known.
        cell: The plane in which the red cell is known to be in focus; None if it is not known.
        parasites: Likewise of its parasites.
        probabilities: Of a parasite, by name of the method.
    """

    name: str
    label: int
    planes: NDArray[np.uint8]
    sharpest: int | None
    cell: int | None
    parasites: int | None
    probabilities: dict[str, float]


@dataclass(frozen=True)
class FocusPage:
    """All that the page shows.

    Attributes:
        synthetic: Whether the stacks were drawn.
        optimistic: Whether a patient may be on both sides.
        protocol: How the figures were got, in a sentence.
        planes: Planes of a stack, as the network sees it.
        methods: Whole stacks first.
        shares: How well the measure of sharpness, and the evidence, tell the known focus; empty
            where none is known.
        examples: Some stacks.
        notes: What must be known, a sentence each.
    """

    synthetic: bool
    optimistic: bool
    protocol: str
    planes: int
    methods: Sequence[FocusMethod]
    shares: Sequence[FocusShare]
    examples: Sequence[StackExample]
    notes: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """All but the pictures as plain values."""
        return {
            "synthetic": self.synthetic,
            "optimistic": self.optimistic,
            "protocol": self.protocol,
            "planes": self.planes,
            "methods": [method.to_json() for method in self.methods],
            "focus": [
                {"what": each.what, "share": each.share.to_json(), "stacks": each.stacks}
                for each in self.shares
            ],
            "notes": list(self.notes),
        }


def render(page: FocusPage) -> str:
    """The page as HTML: one file without any outside asset."""
    axis, accuracies = interval_strips([m.accuracy for m in page.methods], shares=True)
    return render_page(
        "focus.html.j2",
        styles=(*STYLES, "focus.css"),
        page=page,
        axis=axis,
        accuracies=accuracies,
        films=[_film(example) for example in page.examples],
    )


def _film(example: StackExample) -> list[dict[str, Any]]:
    """The planes of a stack: picture, and what is to be said of each."""
    marks = {
        "sharpest": example.sharpest,
        "cell in focus": example.cell,
        "parasites in focus": example.parasites,
    }
    return [
        {
            "picture": data_uri(fitted(plane, PLANE_PX)),
            "marks": [mark for mark, where in marks.items() if where == number],
        }
        for number, plane in enumerate(example.planes)
    ]
