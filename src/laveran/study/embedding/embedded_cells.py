"""Cells of a data set in an embedding, with what a model says of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran.cells.manifest import Manifest
from laveran.cells.skipped import Skipped
from laveran.cells.synthetic_dataset import is_synthetic
from laveran.errors import ConfigError
from laveran.model.learned import Learned
from laveran.model.prediction import Watch
from laveran.model.runtime import Answer, Model, load
from laveran.study.representations.methods import ALL, built, chosen_methods
from laveran.study.sample import CELLS, CROP, SIZE_PX, Sample, draw, draw_sample
from laveran.training.feed import prepare_cells

MODEL = "model"  # the embedding that a model file answers with
CHUNK = 512  # cells between two words to the watch

_LEARNED_ALL = (
    "the model learned from all of these cells and their labels: its embedding flatters itself "
    "here, on cells of other patients neighbours agree less"
)
_LEARNED_SOME = (
    "the model learned from {learned:,} of these {n:,} cells or from others of their patients, on "
    "which its embedding flatters itself: believe the figures of the others"
)
_LEARNED_UNKNOWN = (
    "nothing tells whether the model learned from some of these cells; on those its embedding "
    "would flatter itself (it was trained on {sources})"
)
_DRAWN = "a program drew these cells: figures on them say nothing about real blood"
_FITTED = (
    "{embedding} was fitted on {learned:,} of these {n:,} cells: believe the figures of the others"
)


@dataclass(frozen=True)
class Embedded:
    """Cells with their vectors.

    Attributes:
        manifest: The cells.
        pictures: How they look, uint8 [N, S, S, 3] RGB; may be a memory map.
        vectors: The embedding, float32 [N, D].
        name: Of the embedding: "model", or a method of `laveran study represent`.
        model: What judged the cells.
        answer: Its probability and outlier score of each, and more.
        learned: Whether the embedding learned from a cell, or from another of its patient,
            bool [N]; None where nothing tells.
        skipped: Pictures that could not be used, and why.
        notes: What the user must know, a sentence each.
    """

    manifest: Manifest
    pictures: NDArray[np.uint8]
    vectors: NDArray[np.float32]
    name: str
    model: Model
    answer: Answer
    learned: NDArray[np.bool_] | None
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def called(self) -> NDArray[np.bool_]:
        """Whether the model calls a cell parasitized at its default operating point [N]."""
        return self.answer.probability >= self.model.threshold(self.model.default_point)


def embed_cells(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    model: Path | str | None = None,
    embedding: str = MODEL,
    cells: int | None = CELLS,
    patients: Sequence[Path | str] = (),
    seed: int = 0,
    watch: Watch | None = None,
) -> Embedded:
    """Draw cells at random and embed them.

    Args:
        data: Zip, folder or single picture.
        labels: Table of labels; None where folders are the classes, or nothing tells them.
        model: Run folder or model file; None for the shipped model.
        embedding: "model" for the model's own, or a method of `laveran study represent`, which is
            fitted on some of the cells' patients and needs labels.
        cells: How many to draw; None, or more than there are, takes all.
        patients: Tables of patients.
        seed: Of the draw, and of the method.
        watch: Called with (stage, done, total, {}).

    Raises:
        DataError: If the data cannot be used.
        ModelError: If the model cannot be used.
        ConfigError: If there is no such embedding, or too few cells are asked for.
    """
    if cells is not None and cells < 2:
        raise ConfigError(f"{cells} cells have no neighbours; ask for some hundreds")
    if embedding == ALL:
        raise ConfigError("one map shows one embedding; name one of them")
    reader = load(model)
    known = Learned.by(reader)
    feed = prepare_cells(data, labels, patients=patients, crop=CROP, size_px=SIZE_PX, watch=watch)
    method = None
    if embedding != MODEL:
        sample = draw_sample(data, labels, cells=cells, patients=patients, seed=seed)
        method = _fit(embedding, sample, seed, watch)
    chosen = feed.manifest.places(method.names) if method else draw(len(feed.manifest), cells, seed)
    manifest = feed.manifest.select(chosen)
    given = prepare_cells(
        data,
        labels,
        patients=patients,
        crop=reader.contract.crop,
        size_px=reader.size_px,
        watch=watch,
    )
    answer = _ask(reader, given.pictures, chosen, watch)
    learned = method.learned if method else known.among(manifest, feed.manifest)
    return Embedded(
        manifest,
        feed.pictures if len(chosen) == len(feed.manifest) else feed.pictures[chosen],
        method.vectors if method else answer.embedding,
        embedding,
        reader,
        answer,
        learned,
        feed.skipped,
        (
            *feed.notes,
            *([_DRAWN] if is_synthetic(manifest) else []),
            *_learned_note(embedding, learned, reader),
        ),
    )


class _Fitted(NamedTuple):
    """What a method of `laveran study represent` makes of a sample."""

    names: list[str]
    vectors: NDArray[np.float32]
    learned: NDArray[np.bool_]


def _fit(name: str, sample: Sample, seed: int, watch: Watch | None) -> _Fitted:
    """Fit a method on the training part of a sample, and embed all of it."""
    (method,) = chosen_methods([name])

    def step(done: int, total: int) -> None:
        if watch:
            watch(f"fit {name}", done, total, {})

    representation = built(method, seed, step)
    train = ~sample.is_test
    representation.fit(sample.pictures[train], sample.labels[train])
    return _Fitted(sample.manifest.names, representation.vectors(sample.pictures), train)


def _ask(
    model: Model, pictures: NDArray[np.uint8], chosen: NDArray[np.int64], watch: Watch | None
) -> Answer:
    """All that a model says of the chosen pictures."""
    parts: list[Answer] = []
    for start in range(0, len(chosen), CHUNK):
        parts.append(model.answer(pictures[chosen[start : start + CHUNK]]))
        if watch:
            watch("embed cells", min(start + CHUNK, len(chosen)), len(chosen), {})
    return Answer(
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("probability", "logit", "embedding", "outlier")
            if name in model.outputs
        }
    )


def _learned_note(
    embedding: str, learned: NDArray[np.bool_] | None, model: Model
) -> tuple[str, ...]:
    """What to believe of figures on these cells."""
    if learned is None:
        return (_LEARNED_UNKNOWN.format(sources=", ".join(model.contract.training.sources)),)
    counts = {"learned": int(learned.sum()), "n": len(learned)}
    if embedding != MODEL:
        return (_FITTED.format(embedding=embedding, **counts),)
    if learned.all():
        return (_LEARNED_ALL,)
    return (_LEARNED_SOME.format(**counts),) if learned.any() else ()
