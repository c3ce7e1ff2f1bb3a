"""Focus stacks: a network on whole stacks beside its like on single planes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from laveran import files
from laveran.cells.splits import Split, split
from laveran.cells.synthetic_dataset import Population, is_synthetic
from laveran.cells.synthetic_stack import SyntheticStack, draw_stacks, write_stacks
from laveran.metrics import measure, paired_difference
from laveran.model.prediction import Watch
from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.network import Network
from laveran.networks.stack import StackSpec
from laveran.report.focus_page import FocusMethod, FocusPage, FocusShare, StackExample, render
from laveran.study.focus.stacks import FocusStacks, prepare_stacks
from laveran.study.focus.trial import Answer, flat_twin, train_and_ask

SIZE_PX = 48
EPOCHS = 20
VALID_SHARE, TEST_SHARE = 0.12, 0.35
DRAWN, DRAWN_PATIENTS = Population(cells_per_patient=12), 50
EXAMPLES = 4  # of each class, on the page
WHOLE, SHARPEST, MIDDLE = "the whole stack", "the sharpest plane", "the middle plane"
Bools = NDArray[np.bool_]


def study_focus(
    data: Path | str | None = None,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    focus: Path | str | None = None,
    patients: Sequence[Path | str] = (),
    epochs: int = EPOCHS,
    size_px: int = SIZE_PX,
    network: Conv3dSpec | None = None,
    population: Population = DRAWN,
    drawn_patients: int = DRAWN_PATIENTS,
    seed: int = 0,
    watch: Watch | None = None,
) -> FocusPage:
    """Train a network of 3-D convolutions on whole stacks, and two of 2-D ones on single planes.

    Patients are divided once into train, valid and test; all networks learn from the same stacks
    by the same recipe, and the two have about as many weights as the one.

    Args:
        data: Zip or folder of focus stacks (`laveran.cells.stacks`); None to draw some, which are
            left in `out/drawn`.
        labels: Table of labels; None where folders are the classes.
        out: Folder for `focus.html` and `focus.json`.
        focus: Table of the planes that are known to be in focus, if any are.
        patients: Tables of patients.
        epochs: At most so many; early stopping may end before.
        size_px: Side of the prepared planes.
        network: Of the whole stacks; a small one by default.
        population: How the patients of drawn stacks are made.
        drawn_patients: How many.
        seed: Of the division and the training; drawn stacks have the population's own.
        watch: Called with (stage, done, total, live figures).

    Returns:
        What the page shows.

    Raises:
        DataError: If the stacks cannot be used.
        SplitError: If there are too few patients.
        ConfigError: If a number cannot work.

    Example:
        >>> study_focus(out="focus").methods[0].name  # doctest: +SKIP
        'the whole stack'
    """
    if data is None:
        drawing = draw_stacks(range(1, drawn_patients + 1), population)
        total = drawn_patients * population.cells_per_patient
        drawn = write_stacks(Path(out) / "drawn", _watched(drawing, total, watch))
        data, labels, focus = drawn.data, drawn.labels, drawn.focus
    stacks = prepare_stacks(
        data, labels, focus=focus, patients=patients, size_px=size_px, watch=watch
    )
    division = split(stacks.manifest, VALID_SHARE, TEST_SHARE, seed=seed)
    spec = network or Conv3dSpec(head_dropout=0.2)
    flat = flat_twin(spec, size_px)
    shown: dict[str, tuple[StackSpec | Conv3dSpec, NDArray[np.uint8]]] = {
        WHOLE: (spec, stacks.planes),
        SHARPEST: (flat, stacks.best),
        MIDDLE: (flat, stacks.middle),
    }
    answers = {
        name: train_and_ask(
            asked,
            pictures,
            stacks.manifest.labels,
            division,
            stage=name,
            epochs=epochs,
            seed=seed,
            watch=watch,
        )
        for name, (asked, pictures) in shown.items()
    }
    page = FocusPage(
        synthetic=is_synthetic(stacks.manifest),
        optimistic=division.optimistic,
        protocol=_protocol(stacks, division, seed),
        planes=stacks.planes.shape[1],
        methods=_methods(stacks, division, answers, seed),
        shares=_shares(stacks, division, answers[WHOLE].network, seed),
        examples=_examples(stacks, division, answers, seed),
        notes=[f"{name} is left out: {reason}" for name, reason in stacks.skipped],
    )
    files.write_text(Path(out) / "focus.html", render(page))
    files.write_text(Path(out) / "focus.json", json.dumps(page.to_json(), indent=2) + "\n")
    return page


def _watched(
    stacks: Iterable[SyntheticStack], total: int, watch: Watch | None
) -> Iterator[SyntheticStack]:
    """The stacks, their number told as they are drawn."""
    for done, stack in enumerate(stacks, 1):
        yield stack
        if watch:
            watch("draw stacks", done, total, {})


def _protocol(stacks: FocusStacks, division: Split[np.str_], seed: int) -> str:
    """How the figures were got, in a sentence."""
    groups, test, unit = stacks.manifest.groups, division.parts == "test", division.unit
    return (
        f"{len(groups):,} stacks of {len(set(groups)):,} {unit}s, divided once by {unit} (seed "
        f"{seed}): figures are on {test.sum():,} stacks of {len(set(groups[test])):,} {unit}s "
        "that served for nothing else"
    )


def _methods(
    stacks: FocusStacks, division: Split[np.str_], answers: Mapping[str, Answer], seed: int
) -> list[FocusMethod]:
    """The figures of each network, beside those of the one on whole stacks."""
    test = division.parts == "test"
    y_true, patients = stacks.manifest.labels[test], stacks.manifest.groups[test]
    whole = answers[WHOLE].y_prob[test]
    methods = []
    for name, answer in answers.items():
        y_prob = answer.y_prob[test]
        is_whole = name == WHOLE
        minus = None if is_whole else paired_difference(y_true, whole, y_prob, patients, seed=seed)
        methods.append(
            FocusMethod(
                name=name,
                network="3-D convolutions" if is_whole else "2-D convolutions",
                parameters=answer.parameters,
                accuracy=measure("accuracy", y_true, y_prob, patients, seed=seed),
                auroc=measure("auroc", y_true, y_prob, patients, seed=seed),
                minus=minus,
                seconds=answer.seconds,
            )
        )
    return methods


def _shares(
    stacks: FocusStacks, division: Split[np.str_], network: Network, seed: int
) -> list[FocusShare]:
    """How often the known focus is found: by sharpness, and by the evidence of `network`."""
    infected = stacks.parasite_plane >= 0
    empty = (stacks.cell_plane >= 0) & ~infected
    unseen = infected & (division.parts == "test")
    at_cell = stacks.sharpest == stacks.cell_plane
    at_parasites = stacks.sharpest == stacks.parasite_plane
    looked = [
        ("of uninfected cells are sharpest in the plane of the red cell", empty, at_cell),
        ("of parasitized cells are sharpest in the plane of the parasites", infected, at_parasites),
        ("of parasitized cells are sharpest in the plane of the red cell", infected, at_cell),
        (
            "of parasitized cells, unseen, have the most evidence in the plane of the parasites",
            unseen,
            peaks(stacks, network, unseen) == stacks.parasite_plane,
        ),
    ]
    return [
        _share(what, found[of], stacks.manifest.groups[of], seed)
        for what, of, found in looked
        if of.any()
    ]


def _share(what: str, found: Bools, patients: NDArray[np.str_], seed: int) -> FocusShare:
    """The share of stacks where something is found [n]: the accuracy of always expecting it."""
    expected = np.ones(len(found), np.int64)
    return FocusShare(what, measure("accuracy", expected, found, patients, seed=seed), len(found))


@torch.no_grad()
def peaks(stacks: FocusStacks, network: Network, of: Bools) -> NDArray[np.int64]:
    """The plane, of a stack's own, in which the evidence for a parasite peaks.

    Args:
        stacks: All stacks, N of them.
        network: One for stacks, in evaluation mode.
        of: Which are asked for [N].

    Returns:
        The plane [N]; -1 where it is not asked for.
    """
    found = np.full(len(of), -1)
    for row in np.flatnonzero(of):
        planes = torch.from_numpy(stacks.planes[row : row + 1]).movedim(-1, 1).float()
        evidence = network.read(planes).evidence  # [1, P, h, w]
        if evidence is not None:
            found[row] = stacks.shown[row, int(evidence.amax((0, 2, 3)).argmax())]
    return found


def _examples(
    stacks: FocusStacks, division: Split[np.str_], answers: Mapping[str, Answer], seed: int
) -> list[StackExample]:
    """Some stacks of unseen patients, drawn at random, as many of each class."""
    rng = np.random.default_rng(seed)
    labels, test = stacks.manifest.labels, division.parts == "test"
    rows = [
        int(row)
        for label in (1, 0)
        for row in rng.permutation(np.flatnonzero(test & (labels == label)))[:EXAMPLES]
    ]
    return [
        StackExample(
            name=stacks.manifest[row].name,
            label=int(labels[row]),
            planes=stacks.planes[row],
            sharpest=stacks.place(row, int(stacks.sharpest[row])),
            cell=stacks.place(row, int(stacks.cell_plane[row])),
            parasites=stacks.place(row, int(stacks.parasite_plane[row])),
            probabilities={name: float(answer.y_prob[row]) for name, answer in answers.items()},
        )
        for row in rows
    ]
