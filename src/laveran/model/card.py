"""The card of a model: what it is, what was measured, and what it is not for.

After Mitchell et al. 2019, "Model cards for model reporting", arXiv:1810.03993.
"""

from __future__ import annotations

from collections.abc import Sequence

from laveran.model.contract import Contract, Interval, OperatingPoint, Training
from laveran.report.figure_table import HIGHER_IS_BETTER, LOWER_IS_BETTER

NOT_A_DEVICE = "A research tool, not a medical device: nothing it says is a diagnosis."


def card(contract: Contract, size_bytes: int) -> str:
    """The card of a model as Markdown, from what its file says of itself.

    Args:
        contract: Of the model.
        size_bytes: Of the model file.
    """
    training = contract.training
    parts = [
        "# Model card: the model that ships with Laveran",
        NOT_A_DEVICE,
        "## The model",
        _table(
            ("network", contract.network),
            ("file", f"{size_bytes / 1e6:.2f} MB, one ONNX file that runs without torch"),
            ("input", f"RGB cells, {contract.size_px} x {contract.size_px} px by {contract.crop}"),
            ("answers", "probability of a parasite, evidence for it, distance from known cells"),
            ("recipe", training.recipe),
            ("started from", _start(training)),
            ("licence of the weights", contract.licence),
            ("SHA-256 of the weights", contract.weights_sha256),
        ),
        "## The data",
        _table(
            ("from", ", ".join(training.sources)),
            ("cells", f"{training.cells:,}"),
            ("patients", f"{training.patients:,}"),
            ("species", training.species),
            ("SHA-256 of the data", training.data_sha256),
        ),
        _DATA,
        "## Figures",
        f"{contract.protocol}. Labels as published; intervals of 95% by resampling patients.",
        _figures(contract.figures),
        _points(contract.operating_points),
        _POINTS,
        *_readings(contract.readings),
        _USES,
    ]
    return "\n\n".join(parts) + "\n"


_DATA = """Rajaraman et al. 2018, PeerJ 6:e4568: thin films stained with Giemsa, photographed
with a phone on a microscope in one hospital, cells cut out by a program, labels by one expert.
About 4% of the labels are wrong, most of them empty cells labelled parasitized: accuracies far
above 96% on them would not mean a better reader."""

_POINTS = """The figures are those of the networks of the folds, called at the first operating
point, the default; a network that was fitted on all patients afterwards is itself not measured.
"accuracy" is where the labels as published are met best; at "probability=0.5" a careful reader
sees a parasite as likely as not (the label, where no readings were learned); the others are named
after the share of the controls' cells that were negative where their threshold was set. The
thresholds shown are those of the file, set on all cells out of fold; for the columns, each fold's
are set on the other folds, so on other patients, each network with a temperature of its own; labels
as published."""

_USES = """## Where it fails
- Platelets beside or upon a cell, stain deposit, drying artefacts and debris may look like
  parasites to it: of cells of patients without malaria it calls the share above ("blank")
  parasitized.
- Early rings at the rim of a cell, and parasites that are hardly stained, may be missed.
- Another stain, microscope, camera or way of cutting out cells: not in these figures, expect
  less. The output `outlier` and its threshold tell of pictures unlike those it was trained on.

## Intended use
Teaching, research, and a starting point for a model of one's own site, on pictures of single red
cells from Giemsa-stained thin films.

## Not for
Diagnosis or treatment of anybody. Species other than P. falciparum: it has seen none. Thick
films. Whole photographs: cut out the cells first."""


def _readings(figures: dict[str, Interval | int]) -> list[str]:
    """What careful readers say of its answers, if any did."""
    if not figures:
        return []
    rows = [
        f"| {meaning} | {_interval(value)} |"
        for key, meaning in _READ.items()
        if isinstance(value := figures.get(key), Interval)
    ]
    return [
        "### Beside careful readers",
        _READERS.format(cells=figures["n_certain"]),
        "| figure | value |\n|---|---|\n" + "\n".join(rows),
    ]


_READERS = """On {cells} cells of unseen patients, drawn at random and read blind, alike and with
certainty by all readers (careful, but no experts), whose reading is taken as the truth; shares
with Wilson's interval. What readers say of cells of other patients was learned. Earlier networks
told which cells to read again, and how an unsure reading counts was chosen on the cells of these
figures, which may flatter them a little until they are repeated elsewhere."""

_READ = {
    "label_agreement": "agreement of the published labels",
    "agreement": "agreement of the model at 0.5",
    "sensitivity": "parasites found at 0.5",
    "specificity": "cells without any left alone at 0.5",
    "sensitivity_at_99_specificity": "parasites found where 99% of controls' cells are negative",
    "sensitivity_at_99_8_specificity": "parasites found where 99.8% are",
    "ece": "how far probabilities are from the observed shares (ECE)",
}


def _start(training: Training) -> str:
    """What the weights were before training."""
    if training.start_weights_sha256 is None:
        return "random weights"
    return f"weights learned on ImageNet, SHA-256 {training.start_weights_sha256}"


def _table(*rows: tuple[str, str]) -> str:
    """Two columns."""
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def _figures(figures: dict[str, Interval | int]) -> str:
    """A row a figure."""
    rows = [
        f"| {word.name} | {word.meaning} | {_interval(value)} |"
        for word in (*HIGHER_IS_BETTER, *LOWER_IS_BETTER)
        if isinstance(value := figures.get(word.key), Interval)
    ]
    return "| figure | what it is | value |\n|---|---|---|\n" + "\n".join(rows)


def _points(points: Sequence[OperatingPoint]) -> str:
    """A row an operating point."""
    rows = [
        f"| {point.name} | {point.threshold:.3f} | {_interval(point.accuracy)} "
        f"| {_interval(point.sensitivity)} | {_interval(point.specificity)} "
        f"| {_interval(point.blank)} |"
        for point in points
    ]
    head = "| operating point | threshold | accuracy | sensitivity | specificity | blank |"
    return f"{head}\n|---|---|---|---|---|---|\n" + "\n".join(rows)


def _interval(figure: Interval) -> str:
    """A figure with its interval."""
    if figure.value is None:
        return "undefined"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.4f}"
    return f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"
