"""Synthetic focus stacks: a drawn cell photographed at several heights, each known.

What lies in one plane is sharp there and blurred in all others: the red cell in one, its
parasites in another, a platelet or deposit in a third, so that no single plane shows all. The
blur of a part is laid on its density, which for thin layers is the blur of the light that they
absorb.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.drawing import Floats, Mask
from laveran.cells.synthetic import Patient, lay_cell, photograph
from laveran.cells.synthetic_dataset import (
    NOTICE,
    Population,
    draw_sitters,
    encode_png,
)
from laveran.errors import ConfigError

PLANES = 7
FEWEST_PLANES = 4  # that hold two things two planes apart, wherever the first of them is
# Blur (standard deviation) a plane out of focus. With an oil objective of aperture 1.25 light
# comes under up to 56 degrees, so 0.25 um of defocus is a disc of 0.37 um radius, about 6 px of
# NIH's crops, whose standard deviation along one axis is half its radius.
DEFOCUS_PX = 3.0
APART = (2, 3)  # planes between the red cell and what lies in or on it


@dataclass(frozen=True, slots=True)
class DrawnStack:
    """One drawn stack and the truth about it.

    Attributes:
        planes: uint8 [P, H, W, 3] RGB, black outside the outline and nowhere else.
        label: 1 parasitized, 0 uninfected.
        stage: The parasites' stage; None if uninfected.
        focus: The plane in which the red cell is sharp.
        parasite_focus: That in which its parasites are; None if uninfected.
        parasite_mask: Where parasites lie, bool [H, W].
        outline_mask: What was segmented as the cell, bool [H, W].
    """

    planes: NDArray[np.uint8]
    label: int
    stage: str | None
    focus: int
    parasite_focus: int | None
    parasite_mask: Mask
    outline_mask: Mask


@dataclass(frozen=True, slots=True)
class SyntheticStack:
    """One stack of a synthetic data set.

    Attributes:
        name: In NIH's pattern, without a suffix.
        patient: The part of the name that tells the patient.
        label: The label as published; wrong with label noise.
        drawn: The stack and the truth about it.
    """

    name: str
    patient: str
    label: int
    drawn: DrawnStack


@dataclass(frozen=True, slots=True)
class StackFiles:
    """Where `write_stacks` has put what."""

    data: Path
    labels: Path
    focus: Path


def draw_stack(
    rng: np.random.Generator, patient: Patient, stage: str | None = None, planes: int = PLANES
) -> DrawnStack:
    """One cell of a patient at several heights.

    Args:
        rng: Source of chance.
        patient: Whose cell.
        stage: One of `drawing_parasites.STAGES`; None for an uninfected cell.
        planes: How many, at least 4.

    Raises:
        ConfigError: If there is no such stage, or there are too few planes.

    Example:
        >>> from laveran.cells.synthetic import draw_patient
        >>> rng = np.random.default_rng(7)
        >>> stack = draw_stack(rng, draw_patient(rng), "ring", planes=5)
        >>> len(stack.planes), abs(stack.focus - stack.parasite_focus) in APART
        (5, True)
    """
    if planes < FEWEST_PLANES:
        raise ConfigError(f"{planes} planes are too few to draw; ask for {FEWEST_PLANES} and more")
    laid = lay_cell(rng, patient, stage)
    focus = int(rng.integers(planes))
    parasite_focus, misleading_focus = (_height_beside(rng, focus, planes) for _ in range(2))
    canvas, whole = laid.canvas, laid.canvas.density
    parts = [
        (focus, laid.empty),
        (parasite_focus, laid.infected - laid.empty),
        (misleading_focus, whole - laid.infected),
    ]
    pictures = []
    for plane in range(planes):
        canvas.density = sum(
            (_defocused(part, DEFOCUS_PX * abs(plane - height)) for height, part in parts),
            start=np.zeros_like(whole),
        )
        pictures.append(photograph(canvas, laid.outline_mask, patient.stain, rng))
    return DrawnStack(
        planes=np.stack(pictures),
        label=int(stage is not None),
        stage=stage,
        focus=focus,
        parasite_focus=None if stage is None else parasite_focus,
        parasite_mask=canvas.parasites & laid.outline_mask,
        outline_mask=laid.outline_mask,
    )


def draw_stacks(
    patients: Iterable[int], population: Population | None = None, planes: int = PLANES
) -> Iterator[SyntheticStack]:
    """Stacks of many patients, one patient after the other, as `draw_dataset` draws cells."""
    for sitter in draw_sitters(patients, population):
        drawn = draw_stack(sitter.rng, sitter.look, sitter.stage, planes)
        yield SyntheticStack(sitter.name, sitter.patient, sitter.label(), drawn)


def write_stacks(
    folder: Path | str,
    stacks: Iterable[SyntheticStack],
    form: Literal["tiff", "folders"] = "tiff",
) -> StackFiles:
    """Write stacks as `stacks.zip`, `labels.csv` and `focus.csv`, which tells the sharp planes.

    Args:
        folder: Where to; made if missing. Existing files of these names are replaced.
        stacks: What `draw_stacks` gives.
        form: A "tiff" of many pages a cell, or "folders" with a PNG a plane.

    Raises:
        OutputError: If the folder cannot be written.
    """
    written = StackFiles(
        *(Path(folder) / name for name in ("stacks.zip", "labels.csv", "focus.csv"))
    )
    labels: list[tuple[str, int]] = []
    focus: list[tuple[str, int, int | str]] = []
    with files.replacing(written.data) as scratch, zipfile.ZipFile(scratch, "w") as archive:
        archive.comment = NOTICE.encode()
        for stack in stacks:
            for name, content in _encoded(stack, form):
                archive.writestr(zipfile.ZipInfo(f"stacks/{name}"), content)
            labels.append((stack.name, stack.label))
            parasites = stack.drawn.parasite_focus
            focus.append((stack.name, stack.drawn.focus, "" if parasites is None else parasites))
    files.write_csv(written.labels, ("img_name", "label"), labels)
    files.write_csv(written.focus, ("img_name", "cell_plane", "parasite_plane"), focus)
    files.write_text(Path(folder) / "SYNTHETIC.txt", NOTICE + "\n")
    return written


def _encoded(stack: SyntheticStack, form: str) -> Iterator[tuple[str, bytes]]:
    """The files of one stack: names and contents."""
    planes = stack.drawn.planes
    if form == "folders":
        for number, plane in enumerate(planes):
            yield f"{stack.name}/plane_{number}.png", encode_png(plane)
        return
    _, encoded = cv2.imencodemulti(".tif", [cv2.cvtColor(p, cv2.COLOR_RGB2BGR) for p in planes])
    yield f"{stack.name}.tif", encoded.tobytes()


def _height_beside(rng: np.random.Generator, focus: int, planes: int) -> int:
    """A plane some way above or below that of the red cell."""
    fitting = [plane for plane in range(planes) if abs(plane - focus) in APART]
    return int(rng.choice(fitting))


def _defocused(density: Floats, blur_px: float) -> Floats:
    """Densities [5, H, W] as they look out of focus."""
    if blur_px == 0:
        return density
    return np.stack([cv2.GaussianBlur(m, (0, 0), blur_px) if m.any() else m for m in density])
