"""Which cells a model knows: on those, and on others of their patients, figures flatter it."""

from __future__ import annotations

import csv

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.errors import ModelError
from laveran.model.runtime import Model


def learned_from(model: Model, everything: Manifest, cells: Manifest) -> NDArray[np.bool_] | None:
    """From which of the cells, or from others of their patients, a model learned.

    A run folder lists its cells: all but its test part were learned from, or chose the epoch. A
    model file alone has a checksum of all of them together.

    Args:
        model: The model.
        everything: All cells of the data, with their labels.
        cells: Those N that are asked about.

    Returns:
        bool [N]; None where nothing tells.

    Raises:
        ModelError: If the run's list is damaged.
    """
    listed, finished = (model.path.with_name(name) for name in ("cells.csv", "metrics.json"))
    if listed.is_file() and finished.is_file():
        try:
            with listed.open(newline="", encoding="utf-8") as file:
                met = [row for row in csv.DictReader(file) if row["part"] != "test"]
            pictures = {row["sha256"] for row in met}
            patients = {row["patient"] for row in met} - {""}
        except (OSError, KeyError, ValueError, csv.Error) as error:
            raise ModelError(f"{listed} cannot be read: {error}") from error
        return np.array([c.sha256 in pictures or c.patient in patients for c in cells], np.bool_)
    if everything.checksum == model.contract.training.data_sha256:
        return np.ones(len(cells), np.bool_)
    return None
