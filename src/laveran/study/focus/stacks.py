"""The stacks that the study of focus looks at, ready for a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran.cells.crop import letterbox
from laveran.cells.manifest import UNKNOWN, Manifest
from laveran.cells.sharpness import sharpest
from laveran.cells.skipped import Skipped
from laveran.cells.stacks import Planes, read_focus, read_stacks
from laveran.errors import LabelsError
from laveran.model.prediction import Watch


@dataclass(frozen=True)
class FocusStacks:
    """Stacks ready for a network, and what is known of them.

    Attributes:
        manifest: A row a stack.
        planes: As many of each stack as the smallest has, evenly spread, uint8 [N, P, S, S, 3].
        shown: Which of a stack's own planes these are, counted from 0 [N, P].
        sharpest: The sharpest of a stack's own planes [N].
        best: That plane, uint8 [N, S, S, 3].
        cell_plane: That in which the red cell is known to be in focus [N]; -1 if it is not known.
        parasite_plane: Likewise of its parasites; -1 also where there are none [N].
        skipped: What was left out, and why.
    """

    manifest: Manifest
    planes: NDArray[np.uint8]
    shown: NDArray[np.int64]
    sharpest: NDArray[np.int64]
    best: NDArray[np.uint8]
    cell_plane: NDArray[np.int64]
    parasite_plane: NDArray[np.int64]
    skipped: tuple[Skipped, ...]

    @property
    def middle(self) -> NDArray[np.uint8]:
        """The plane in the middle, uint8 [N, S, S, 3]."""
        return self.planes[:, self.planes.shape[1] // 2]

    def place(self, row: int, plane: int) -> int | None:
        """Which of the planes shown is nearest to one of a stack's own; None of an unknown one."""
        return None if plane < 0 else int(np.abs(self.shown[row] - plane).argmin())


def prepare_stacks(
    data: Path | str,
    labels: Path | str | None,
    *,
    focus: Path | str | None = None,
    patients: Sequence[Path | str] = (),
    size_px: int,
    watch: Watch | None = None,
) -> FocusStacks:
    """Read stacks, find the sharpest plane of each, and bring all planes to `size_px`.

    Args:
        data: Zip or folder of focus stacks.
        labels: Table of labels; None where folders are the classes.
        focus: Table of the planes that are known to be in focus.
        patients: Tables of patients.
        size_px: Side of the prepared planes.
        watch: Called with ("read stacks", done, total, {}).

    Raises:
        DataError: If the stacks cannot be used, or one has no label.
    """
    reading = read_stacks(
        data,
        labels,
        patients=patients,
        transform=partial(_looked_at, size_px=size_px),
        progress=lambda done, total: watch("read stacks", done, total, {}) if watch else None,
    )
    if UNKNOWN in reading.manifest.labels:
        raise LabelsError(f"nothing tells the labels of the stacks in {data}; give a labels CSV")
    looks: tuple[_Look, ...] = reading.stacks
    known = read_focus(focus, reading.manifest.names) if focus else {}
    focuses = [known.get(name) for name in reading.manifest.names]
    fewest = min(len(look.planes) for look in looks)
    shown = np.stack([_spread(len(look.planes), fewest) for look in looks])
    return FocusStacks(
        reading.manifest,
        np.stack([look.planes[chosen] for look, chosen in zip(looks, shown, strict=True)]),
        shown,
        np.array([look.sharpest for look in looks]),
        np.stack([look.planes[look.sharpest] for look in looks]),
        np.array([-1 if each is None else each.cell for each in focuses]),
        np.array(
            [-1 if each is None or each.parasites is None else each.parasites for each in focuses]
        ),
        reading.skipped,
    )


class _Look(NamedTuple):
    """A stack, all its planes small, and which is the sharpest in full size."""

    planes: NDArray[np.uint8]  # [P, S, S, 3]
    sharpest: int


def _looked_at(planes: Planes, size_px: int) -> _Look:
    return _Look(np.stack([letterbox(plane, size_px) for plane in planes]), sharpest(planes))


def _spread(count: int, wanted: int) -> NDArray[np.int64]:
    """`wanted` of `count` planes, evenly spread, the first and last among them.

    >>> _spread(9, 5).tolist(), _spread(4, 4).tolist()
    ([0, 2, 4, 6, 8], [0, 1, 2, 3])
    """
    return np.rint(np.linspace(0, count - 1, wanted)).astype(np.int64)
