"""Looking at a few cells of a data set again, as they are or as a network was shown them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from laveran.cells.archive import open_source
from laveran.cells.stream import decode_stream
from laveran.errors import PictureError
from laveran.model.runtime import BATCH, Model, load

Picture = NDArray[np.uint8]


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


def evidence_maps(
    pictures: Mapping[str, Picture], models: Mapping[str, Path]
) -> dict[str, NDArray[np.float32]]:
    """What networks saw in some cells: signed contributions to the logit [h, w] by name.

    Args:
        pictures: The cells by name.
        models: For each name the run folder or fold whose network is asked. Where there is no
            model file, or it has no maps, the cell gets none.

    Raises:
        ModelError: If a model file is damaged.
    """
    of_model: dict[Path, list[str]] = defaultdict(list)
    for name, path in models.items():
        if (path / "model.onnx").is_file():
            of_model[path].append(name)
    found: dict[str, NDArray[np.float32]] = {}
    for path, names in of_model.items():
        model = load(path)
        for start in range(0, len(names), BATCH):
            batch = names[start : start + BATCH]
            maps = _maps(model, [pictures[name] for name in batch])
            found.update(zip(batch, maps, strict=False))
    return found


def _maps(model: Model, pictures: list[Picture]) -> list[NDArray[np.float32]]:
    """The evidence of each picture; none for a network without maps."""
    evidence = model.answer(np.stack([model.prepare(image) for image in pictures])).evidence
    return [] if evidence is None else list(evidence)
