"""One cell that is asked about: a name in a data set, or a picture of the user's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran.audit.gallery import read_pictures
from laveran.cells.archive import open_source
from laveran.cells.names import NameIndex
from laveran.cells.patients import nih_patient
from laveran.cells.pictures import decode
from laveran.errors import DataError, PictureError
from laveran.study.embedding.embedded_cells import Embedded


@dataclass(frozen=True)
class AskedCell:
    """A cell, in the embedding of a data set.

    Attributes:
        name: Of the cell in the data, else the path of its file.
        file: The file that was given; None where a name was.
        picture: RGB uint8 [H, W, 3].
        vector: Its embedding by the model, float32 [D].
        probability: The model's, of "parasitized".
        patient: Who the blood is from; None where nothing tells.
        label: 1 parasitized, 0 uninfected; None where nothing tells.
        place: Where it stands in the data; None if it is not of the data.
    """

    name: str
    file: str | None
    picture: NDArray[np.uint8]
    vector: NDArray[np.float32]
    probability: float
    patient: str | None
    label: int | None
    place: int | None


def ask(wanted: str, data: Path | str, embedded: Embedded) -> AskedCell:
    """The cell that `wanted` means: a file where there is one, else a cell of the data.

    A file that is a cell of the data, byte for byte, is that cell.

    Args:
        wanted: Path of a picture, or a name as people write it.
        data: Zip or folder that the embedded cells are from.
        embedded: All cells of the data in a model's own embedding.

    Raises:
        DataError: If it is neither, or the name means several cells.
        PictureError: If the picture cannot be read.
    """
    manifest = embedded.manifest
    if Path(wanted).is_file():
        return _of_file(Path(wanted), embedded)
    name = NameIndex(manifest.names).find(wanted)
    if name is None:
        raise DataError(
            f"{wanted!r} is neither a file nor a cell of {data}; give the path of a picture, or a "
            "name as in the labels"
        )
    place = int(manifest.places([name])[0])
    return _of_data(place, read_pictures(data, [name])[name], embedded)


def _of_data(
    place: int, picture: NDArray[np.uint8], embedded: Embedded, file: str | None = None
) -> AskedCell:
    """A cell of the data."""
    cell = embedded.manifest[place]
    return AskedCell(
        cell.name,
        file,
        picture,
        embedded.vectors[place],
        float(embedded.answer.probability[place]),
        cell.patient,
        cell.label,
        place,
    )


def _of_file(path: Path, embedded: Embedded) -> AskedCell:
    """A picture of the user's."""
    with open_source(path) as source:
        if len(source) > 1:
            raise DataError(f"{path} holds {len(source):,} pictures; give one")
        content = source.read(source.entries[0])
    try:
        picture = decode(content)
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    for place, cell in enumerate(embedded.manifest):
        if cell.sha256 == sha256:
            return _of_data(place, picture, embedded, str(path))
    answer = embedded.model.answer(embedded.model.prepare(picture)[np.newaxis])
    return AskedCell(
        str(path),
        str(path),
        picture,
        answer.embedding[0],
        float(answer.probability[0]),
        nih_patient(path.name),
        None,
        None,
    )
