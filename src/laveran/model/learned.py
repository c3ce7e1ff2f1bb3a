"""Which cells a model knows: on those, and on others of their patients, figures flatter it."""

from __future__ import annotations

import csv
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.errors import ModelError
from laveran.model.runtime import Model


@dataclass(frozen=True)
class Learned:
    """What a model learned from, or chose its epoch by, as far as its folder or file tells.

    A run folder lists its cells, with their patients; a model file alone has a checksum of all
    cells together.

    Attributes:
        pictures: Checksums of the listed cells, but for the run's test part; None without a list.
        patients: Patients of these.
        data_sha256: Checksum of the whole data.
    """

    pictures: frozenset[str] | None
    patients: frozenset[str]
    data_sha256: str

    @classmethod
    def by(cls, model: Model) -> Learned:
        """What `model` learned from.

        Raises:
            ModelError: If its run's list is damaged.
        """
        data_sha256 = model.contract.training.data_sha256
        listed, finished = (model.path.with_name(name) for name in ("cells.csv", "metrics.json"))
        if not (listed.is_file() and finished.is_file()):
            return cls(None, frozenset(), data_sha256)
        try:
            with listed.open(newline="", encoding="utf-8") as file:
                met = [row for row in csv.DictReader(file) if row["part"] != "test"]
            pictures = frozenset(row["sha256"] for row in met)
            patients = frozenset(row["patient"] for row in met) - {""}
        except (OSError, KeyError, ValueError, csv.Error) as error:
            raise ModelError(f"{listed} cannot be read: {error}") from error
        return cls(pictures, patients, data_sha256)

    def among(self, cells: Manifest, everything: Manifest) -> NDArray[np.bool_] | None:
        """From which of the cells, or from others of their patients, it learned.

        Args:
            cells: Those N that are asked about.
            everything: All cells of the data, with their labels.

        Returns:
            bool [N]; None where nothing tells.
        """
        if self.pictures is not None:
            met = [c.sha256 in self.pictures or c.patient in self.patients for c in cells]
            return np.array(met, np.bool_)
        if everything.checksum == self.data_sha256:
            return np.ones(len(cells), np.bool_)
        return None
