"""What all fits of one call of `train` share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from accelerate import Accelerator
from numpy.typing import NDArray

from laveran.cells.consensus import Consensus
from laveran.cells.splits import Unit
from laveran.model.prediction import Watch
from laveran.training.batches import Cells
from laveran.training.calibration import Placing
from laveran.training.feed import Feed
from laveran.training.recipe import Recipe
from laveran.training.teachers import Teacher, soft_targets


@dataclass(frozen=True)
class Job:
    """The cells, the recipe, and who is asking.

    Attributes:
        feed: All labelled cells, ready for a network.
        recipe: How to train.
        seed: Decides division, first weights, order and augmentation.
        by: What a division was asked to keep whole.
        species: Of the parasites, for the model file.
        licence: Of the weights, for the model file.
        accelerator: Device, precision, processes.
        watch: Called with (stage, done, total, live figures).
        teachers: Earlier runs to learn from beside the labels.
        readings: What people say who read some of the cells again; None where nobody did.
        asked: The folds whose networks the teachers ask; None for their own.
    """

    feed: Feed
    recipe: Recipe
    seed: int
    by: Unit
    species: str
    licence: str
    accelerator: Accelerator
    watch: Watch | None
    teachers: tuple[Teacher, ...] = ()
    readings: Consensus | None = None
    asked: tuple[int | None, ...] = (None,)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Labels as published [N]."""
        return self.feed.manifest.labels

    @cached_property
    def truth(self) -> NDArray[np.float32]:
        """What the cells show, as far as known [N]: what their readers say, else the label."""
        return self.readings.targets if self.readings else self.labels.astype(np.float32)

    @cached_property
    def groups(self) -> NDArray[np.str_]:
        """Patient of each cell [N], or what stands for it."""
        return self.feed.manifest.groups

    @property
    def unit(self) -> str:
        """What `groups` holds: "patient", "photo" or "cell"."""
        return self.feed.manifest.grouping

    def lasting(self, epochs: int) -> Job:
        """The same job with another number of epochs."""
        return replace(self, recipe=self.recipe.replace(epochs=epochs))

    def asking(self, *folds: int | None) -> Job:
        """The same job with the networks of these folds as teachers."""
        return replace(self, asked=folds)

    @cached_property
    def targets(self) -> NDArray[np.float32] | None:
        """What the network is to answer to each cell [N], with teachers; None: what it shows."""
        if not self.teachers:
            return None
        share, device = self.recipe.teacher_share, self.accelerator.device
        soft = soft_targets(self.teachers, self.truth, share, self.asked, device)
        # no opinion knows better: a control's cell holds no parasite
        return np.where(self.feed.manifest.controls, self.truth, soft)

    @property
    def placing(self) -> Placing:
        """How thresholds are placed."""
        return Placing(
            patients_known=self.unit == "patient",
            labels_learned=not (self.readings or self.teachers or self.recipe.mislabelled),
            first=self.recipe.operating_point,
        )

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files."""
        return bool(self.accelerator.is_main_process)

    def cells(self, chosen: NDArray[np.bool_]) -> Cells:
        """The cells where `chosen` [N] is true."""
        indexes = np.flatnonzero(chosen)
        return Cells(self.feed.pictures, self.truth, indexes, self.targets, self.weights)

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """What each cell counts in the training loss [N]."""
        controls = self.feed.manifest.controls
        return np.where(controls, self.recipe.control_weight, 1).astype(np.float32)
