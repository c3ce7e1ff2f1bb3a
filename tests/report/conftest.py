"""A made-up run to report on, and a reader of the pages."""

from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest

from laveran.cells.skipped import Skipped
from laveran.metrics import evaluate
from laveran.report import Example, RunReport

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """A parsed page; refuses markup that is not properly nested."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data

    def having(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of all such elements; `class_` holds one of the classes."""
        wanted = attributes.pop("class_", None)
        return [
            found
            for name, found in self.elements
            if name == tag
            and all(found.get(key.replace("_", "-")) == value for key, value in attributes.items())
            and (wanted is None or wanted in found.get("class", "").split())
        ]


def made_up(n_cells: int = 400, n_patients: int = 20, **changes) -> RunReport:
    """A run with 5% wrong calls on patients of whom a quarter are controls."""
    random = np.random.default_rng(5)
    number = np.arange(n_cells) % n_patients
    y_true = ((number >= n_patients // 4) & (random.random(n_cells) < 0.6)).astype(np.int64)
    called = np.where(random.random(n_cells) < 0.05, 1 - y_true, y_true)
    y_prob = np.abs(called - random.beta(1, 8, n_cells) / 2.1)
    patients = [f"P{value:02}" for value in number]
    names = [f"{patient}/cell_{i}.png" for i, patient in enumerate(patients)]
    mistakes = [
        Example(names[i], patients[i], int(y_true[i]), float(y_prob[i]), drawn_cell(i), evidence(i))
        for i in np.flatnonzero(called != y_true)
    ]
    settings = {
        "title": "A made-up run",
        "protocol": "5-fold, patients disjoint",
        "evaluation": evaluate(y_true, y_prob, patients, resamples=50),
        "names": names,
        "patients": patients,
        "y_true": y_true,
        "y_prob": y_prob,
        "notes": ["A finding that must be seen."],
        "history": [
            {"fold": fold, "epoch": epoch, "train_loss": 1 / epoch, "valid_loss": 1.2 / epoch,
             "valid_accuracy": 1 - 0.3 / epoch, "learning_rate": 1e-3 / epoch, "seconds": 1.0}
            for fold in range(3) for epoch in range(1, 6 + fold)
        ],
        "mistakes": mistakes,
        "data": {"Source": "cells.zip", "Cells": 12586},
        "skipped": [Skipped("Thumbs.db", "no picture"), Skipped("a.png", "empty (0 bytes)")],
        "recipe": 'name = "fast"',
        "versions": {"laveran": "0.1.0"},
    }  # fmt: skip
    return RunReport(**settings | changes)


def drawn_cell(seed: int, side: int = 40) -> np.ndarray:
    """A pink disc on black."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    disc = np.hypot(x, y) < side / 2 - seed % 5
    return (disc[..., np.newaxis] * np.array([220, 160, 170])).astype(np.uint8)


def evidence(seed: int) -> np.ndarray:
    """A map with one peak on a slightly negative ground."""
    values = np.full((8, 8), -0.5, np.float32)
    values[seed % 8, 3] = 6
    return values


@pytest.fixture(scope="session")
def make_report() -> Callable[..., RunReport]:
    """Builds reports; keywords replace what the made-up run has."""
    return made_up


@pytest.fixture(scope="session")
def parse() -> type[Page]:
    """Parses a page, strictly."""
    return Page
