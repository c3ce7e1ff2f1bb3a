"""Laveran's side: finished runs, the data that they were trained on, what they say of the cells."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy.method import Facts, Judge, Picture, in_threads
from laveran.cells.manifest import Manifest
from laveran.cells.reading import read_cells
from laveran.networks.network import load as load_network
from laveran.training.finished import open_run
from laveran.training.folder import RunFolder

SAME = 1e-3  # a model file may differ from its scores by so much


def read_pictures(data: Path, labels: Path, manifest: Manifest) -> dict[str, Picture]:
    """Every picture of `manifest` by name; SystemExit if the data is not what it was made of."""
    found: list[Picture] = []
    print("reading the cells", file=sys.stderr, flush=True)
    reading = read_cells(
        data,
        labels,
        patients=dict(zip(manifest.names, manifest.patients.tolist(), strict=True)),
        on_picture=lambda _, picture: found.append(picture),
    )
    if reading.manifest.checksum != manifest.checksum:
        raise SystemExit(f"{data} and {labels} are not what the runs were trained on")
    return dict(zip(reading.manifest.names, found, strict=True))


def run_facts(name: str, run: Path, fold: Path) -> Facts:
    """What a run's fold is."""
    opened = open_run(run)
    recipe = opened.recipe
    taught = ", taught by earlier runs" if opened.taught else ""
    taught += ", with readings in place of some labels" if opened.reread else ""
    return Facts(
        parameters=sum(each.numel() for each in load_network(fold).parameters()),
        file_bytes=(fold / "model.onnx").stat().st_size,
        note=(
            f"recipe {recipe.name}{taught}, {recipe.size_px} px, up to {recipe.epochs} epochs; the "
            f"model file of one fold of `{name}`, with evidence map and outlier gate in it"
        ),
    )


def run_scores(fold: Path, test: Manifest) -> NDArray[np.float64]:
    """What the network of a fold says of the cells of `test`, in their order [N]."""
    predictions = RunFolder(fold).read_predictions()
    return _in_order_of(test, predictions.names, predictions.y_prob)


def run_calls(fold: Path, test: Manifest) -> NDArray[np.bool_]:
    """Which cells of `test` it calls parasitized where it meets the labels as published [N]."""
    predictions = RunFolder(fold).read_predictions()
    return _in_order_of(test, predictions.names, predictions.called["accuracy"])


def _in_order_of(test: Manifest, names: Sequence[str], values: NDArray[Any]) -> NDArray[Any]:
    """The values of cells called `names`, for those of `test` in their order [N]."""
    by_name = dict(zip(names, values.tolist(), strict=True))
    return np.array([by_name[name] for name in test.names])


def check_model(
    name: str, judge: Judge, cells: Sequence[Picture], scores: NDArray[np.float64]
) -> None:
    """Refuse a model file that does not give the scores that were published for it."""
    off = float(np.abs(in_threads(judge, cells, 1) - scores).max())
    if off > SAME:
        raise SystemExit(f"{name}: model.onnx differs from predictions.csv by {off:.4f}")
