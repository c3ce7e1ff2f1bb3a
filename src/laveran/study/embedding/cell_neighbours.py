"""`laveran study neighbours`: the cells of a data set that a model finds most like one cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.audit.gallery import read_pictures
from laveran.cells.crop import letterbox
from laveran.cells.manifest import CLASSES, Manifest
from laveran.errors import ConfigError, DataError
from laveran.model.prediction import Watch
from laveran.report.neighbours_page import NeighbourCard, NeighboursPage, render
from laveran.report.pictures import SIDE_PX
from laveran.study.embedding.asked_cell import AskedCell, ask
from laveran.study.embedding.embedded_cells import Embedded, embed_cells
from laveran.study.embedding.neighbourhood import NEIGHBOURS
from laveran.study.embedding.neighbours import NOBODY, Apart, Metric, nearest

_SAME_PICTURE = "{file} is {name!r} of the data, byte for byte: it is not its own neighbour"
_NO_PATIENT = (
    "nothing tells the patient of {name!r}, so neighbours of the same patient cannot be marked"
)
_FEWER = "only {found} other cells can be neighbours"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One of the nearest cells.

    Attributes:
        name: Of the cell.
        distance: In the embedding.
        label: 1 parasitized, 0 uninfected, None unknown.
        patient: Who the blood is from; None where nothing tells.
        same_patient: Whether it is the patient of the cell that was asked for; None where
            nothing tells.
        probability: The model's, of "parasitized".
    """

    name: str
    distance: float
    label: int | None
    patient: str | None
    same_patient: bool | None
    probability: float


@dataclass(frozen=True)
class CellNeighbours:
    """The nearest cells to one.

    Attributes:
        name: Of the cell that was asked for.
        patient: Its patient; None where nothing tells.
        label: Its label; None where nothing tells.
        probability: The model's, of "parasitized".
        neighbours: The nearest first.
        searched: Cells that were compared.
        metric: What is near.
        embedded: The cells and the model.
        notes: What the user must know, a sentence each.
    """

    name: str
    patient: str | None
    label: int | None
    probability: float
    neighbours: tuple[Neighbour, ...]
    searched: int
    metric: Metric
    embedded: Embedded
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All but pictures and vectors, as plain values."""
        return {
            "name": self.name,
            "patient": self.patient,
            "label": self.label,
            "probability": self.probability,
            "metric": self.metric,
            "searched": self.searched,
            "neighbours": [asdict(each) for each in self.neighbours],
            "notes": list(self.notes),
        }


def find_neighbours(
    picture: Path | str,
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str | None = None,
    model: Path | str | None = None,
    k: int = NEIGHBOURS,
    metric: Metric = "cosine",
    other_patients: bool = False,
    patients: Sequence[Path | str] = (),
    watch: Watch | None = None,
) -> CellNeighbours:
    """Find the cells of a data set that lie nearest to one cell in a model's embedding.

    Args:
        picture: The file of a cell, or the name of one inside the data.
        data: Zip or folder of cell pictures; all are compared.
        labels: Table of labels; None where folders are the classes, or nothing tells them.
        out: The page to write; None for none.
        model: Run folder or model file; None for the shipped model.
        k: How many.
        metric: "cosine" or "euclid".
        other_patients: Leave out cells of the same patient, which are near for their stain.
        patients: Tables of patients.
        watch: Called with (stage, done, total, {}).

    Raises:
        DataError: If the data or the picture cannot be used.
        ModelError: If the model cannot be used.
        ConfigError: If k is below 1, or other patients are asked for and nothing tells the
            cell's.
    """
    embedded = embed_cells(data, labels, model=model, cells=None, patients=patients, watch=watch)
    manifest = embedded.manifest
    asked = ask(str(picture), data, embedded)
    if other_patients and not asked.patient:
        raise ConfigError(
            f"nothing tells the patient of {asked.name!r}, so other patients cannot be told from "
            "it; name the patients, or ask without --other-patients"
        )
    shut = _shut(manifest, asked, other_patients=other_patients)
    near = nearest(
        embedded.vectors,
        asked.vector[np.newaxis],
        k,
        metric=metric,
        apart=Apart(shut, np.ones(1, np.bool_)),
    )
    rows = zip(near.indexes[0].tolist(), near.distances[0].tolist(), strict=True)
    found = CellNeighbours(
        asked.name,
        asked.patient,
        asked.label,
        asked.probability,
        tuple(_neighbour(embedded, i, far, asked) for i, far in rows if i != NOBODY),
        int((~shut).sum()),
        metric,
        embedded,
        (*embedded.notes, *_notes(asked, int((~shut).sum()), k)),
    )
    if out:
        names = [each.name for each in found.neighbours]
        files.write_text(out, render(_page(found, asked, data, read_pictures(data, names))))
    return found


def _shut(manifest: Manifest, asked: AskedCell, *, other_patients: bool) -> NDArray[np.bool_]:
    """Which cells are no neighbours, bool [N]: the cell itself, and perhaps its patient's."""
    shut = np.zeros(len(manifest), np.bool_)
    if asked.place is not None:
        shut[asked.place] = True
    if other_patients:
        shut |= manifest.patients == asked.patient
    if shut.all():
        raise DataError("no other cell can be a neighbour; give more data, or ask for all patients")
    return shut


def _neighbour(embedded: Embedded, place: int, distance: float, asked: AskedCell) -> Neighbour:
    """A cell of the data as a neighbour."""
    cell = embedded.manifest[place]
    known = cell.patient and asked.patient
    return Neighbour(
        cell.name,
        distance,
        cell.label,
        cell.patient,
        cell.patient == asked.patient if known else None,
        float(embedded.answer.probability[place]),
    )


def _notes(asked: AskedCell, searched: int, k: int) -> list[str]:
    """What must be known of the answer."""
    notes = []
    if asked.file and asked.place is not None:
        notes.append(_SAME_PICTURE.format(file=asked.file, name=asked.name))
    if not asked.patient:
        notes.append(_NO_PATIENT.format(name=asked.name))
    if searched < k:
        notes.append(_FEWER.format(found=searched))
    return notes


def _page(
    found: CellNeighbours,
    asked: AskedCell,
    data: Path | str,
    pictures: dict[str, NDArray[np.uint8]],
) -> NeighboursPage:
    """The neighbours as their page shows them."""
    return NeighboursPage(
        name=found.name,
        data=Path(data).name,
        metric=found.metric,
        searched=found.searched,
        notes=found.notes,
        cell=NeighbourCard(
            found.name,
            letterbox(asked.picture, SIDE_PX),
            _label(found.label),
            found.patient or "",
            found.probability,
        ),
        neighbours=[
            NeighbourCard(
                each.name,
                letterbox(pictures[each.name], SIDE_PX),
                _label(each.label),
                each.patient or "",
                each.probability,
                each.distance,
                each.same_patient,
            )
            for each in found.neighbours
        ],
    )


def _label(label: int | None) -> str:
    """A label in words."""
    return "" if label is None else CLASSES[label]
