"""Looking at a few cells of a data set again: as they are, and with what a network saw in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran.cells.archive import open_source
from laveran.cells.crop import letterbox, procedure
from laveran.cells.stream import decode_stream
from laveran.errors import PictureError
from laveran.model.runtime import BATCH, load

Picture = NDArray[np.uint8]


class Shown(NamedTuple):
    """A cell to show: the picture [S, S, 3], and the evidence [h, w] that lies upon it, if any."""

    picture: Picture
    evidence: NDArray[np.float32] | None


def read_pictures(data: Path | str, names: Iterable[str]) -> dict[str, Picture]:
    """The pictures of some cells by name, RGB uint8 [H, W, 3].

    Raises:
        ArchiveError: If the source cannot be read.
        PictureError: If one of them cannot be read, although it could be before.
    """
    with open_source(data) as source:
        entries = [source.by_name[name] for name in dict.fromkeys(names) if name in source.by_name]
        found: dict[str, Picture] = {}
        for entry, image in decode_stream(source, np.ascontiguousarray, entries=entries):
            if isinstance(image, PictureError):
                raise PictureError(f"{entry.name} in {data}: {image}")
            found[entry.name] = image
    return found


def with_networks(
    pictures: Mapping[str, Picture], folders: Mapping[str, Path], side_px: int
) -> dict[str, Shown]:
    """Cells brought to a square as their networks are shown them, with those networks' evidence.

    Args:
        pictures: The cells by name, RGB uint8 [H, W, 3].
        folders: For each name the folder of the network to ask. Where it holds no model file, or
            the network has no maps, the cell is shown without evidence.
        side_px: Side of the squares.

    Raises:
        ModelError: If a model file is damaged.
    """
    together: dict[Path, list[str]] = defaultdict(list)
    for name in pictures:
        together[folders[name]].append(name)
    found: dict[str, Shown] = {}
    for folder, names in together.items():
        images = [pictures[name] for name in names]
        shown = _with_network(images, folder, side_px)
        found.update(zip(names, shown, strict=True))
    return found


def _with_network(images: list[Picture], folder: Path, side_px: int) -> list[Shown]:
    """Cells that one network judged."""
    if not (folder / "model.onnx").is_file():
        return [Shown(letterbox(image, side_px), None) for image in images]
    model = load(folder)
    crop = procedure(model.contract.crop)
    found: list[Shown] = []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        evidence = model.answer(np.stack([model.prepare(image) for image in batch])).evidence
        maps = [None] * len(batch) if evidence is None else list(evidence)
        found += [
            Shown(crop(image, side_px), seen) for image, seen in zip(batch, maps, strict=True)
        ]
    return found
