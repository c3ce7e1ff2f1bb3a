"""From pictures to a submission, in streaming fashion: no more than a few chunks in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.archive import Source, open_source
from laveran.cells.headers import SUFFIXES
from laveran.cells.listing import Entry
from laveran.cells.names import NameIndex
from laveran.cells.skipped import Skipped, write_skipped
from laveran.cells.stream import batch_stream
from laveran.cells.template import Template, read_template
from laveran.errors import DataError, PictureError
from laveran.model.ensemble import ModelOrModels, Reader, open_reader
from laveran.model.kept import is_kept, require_own

HEADER = ("img_name", "label")  # the homework's, for want of a sample submission
OUTLIERS_EXPECTED = 0.03  # of all pictures: three times what the gate shuts out at its own site
UNREADABLE = 0  # the class of a picture that cannot be read: the submission stays whole
_OUTLIERS = (
    "{count:,} of {all:,} pictures are unlike the cells that the model was trained on (another "
    "stain, another camera, or no red cells?); do not trust what it says of them"
)
_ABSENT = "the sample submission asks for it, but there is no such picture"

Watch = Callable[[str, int, int | None, Mapping[str, float]], None]


@dataclass(frozen=True)
class Prediction:
    """What `predict` did.

    Attributes:
        ids: Every asked id, in order.
        classes: 1 parasitized, 0 not, int64 [N].
        probabilities: float32 [N]; NaN where the picture could not be read.
        skipped: What could not be read or found, and why.
        notes: Findings for a person to read.
        skipped_file: Where the list of the skipped is, beside the submission.
        operating_point: Name of the threshold that was used.
        threshold: The probability from which on cells are of class 1.
    """

    ids: tuple[str, ...]
    classes: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    skipped_file: Path
    operating_point: str
    threshold: float

    @property
    def n_cells(self) -> int:
        """Number of rows."""
        return len(self.ids)

    @property
    def n_parasitized(self) -> int:
        """Number of rows of class 1."""
        return int(self.classes.sum())

    def to_json(self) -> dict[str, Any]:
        """A summary of plain values."""
        return {
            "n_cells": self.n_cells,
            "n_parasitized": self.n_parasitized,
            "operating_point": self.operating_point,
            "threshold": self.threshold,
            "skipped": [row._asdict() for row in self.skipped],
            "notes": list(self.notes),
        }


def predict(
    data: Path | str,
    *,
    model: ModelOrModels = None,
    out: Path | str,
    like: Path | str | None = None,
    probabilities: Path | str | None = None,
    operating_point: str | None = None,
    strict: bool = False,
    tta: bool = False,
    watch: Watch | None = None,
) -> Prediction:
    """Classify every picture of `data` and write a submission.

    Args:
        data: Zip, folder or single picture.
        model: A loaded model, a run folder or a model file; several files answer together, by the
            mean of their log odds, "shipped" among them; None for the shipped model.
        out: The submission to write.
        like: A sample submission; its header, ids and order are kept. Without one, every
            picture of `data` gets a row, in the order of `data`.
        probabilities: A further file, the id and the probability of each cell.
        operating_point: Name of the model's threshold to use; None for its default.
        strict: Write nothing and raise if any row lacks a picture that can be read.
        tta: Average over the eight flips and turns of each cell; a loaded `model` decides itself.
        watch: Called with ("predict", done, total, {}) as the work goes on.

    Raises:
        DataError: If the data or the sample submission cannot be used, or with `strict`.
        ModelError: If the model cannot be used.
        ConfigError: If the model has no such operating point, or a file would overwrite another.
        OutputError: If a file cannot be written.
    """
    reader = open_reader(model, tta=tta)
    point = operating_point or reader.default_point
    threshold = reader.threshold(point)
    out = Path(out)
    skipped_file = _skipped_file(out)
    require_own((out, probabilities, skipped_file), (data, like))
    template = read_template(like) if like else None
    with open_source(data) as source:
        request = _asked(source, template)
        found, unread = _judge(source, request.entries, reader, watch)
    failed = (*request.missing, *unread)
    if strict and failed:
        raise DataError(
            f"{len(failed)} of {len(request.names)} rows have no picture in {data} to read, first "
            f"{failed[0].name!r}: {failed[0].reason}; nothing was written (--strict)"
        )
    skipped = tuple(dict.fromkeys((*source.skipped, *failed)))
    answers = [found.get(name, _UNREAD) for name in request.names]
    y_prob = np.array([answer.probability for answer in answers], dtype=np.float32)
    called = y_prob.astype(np.float64) >= threshold  # as the figures of the threshold are counted
    classes = np.where(np.isnan(y_prob), UNREADABLE, called).astype(np.int64)
    request.template.write(out, classes.tolist())
    if probabilities:
        _write_probabilities(Path(probabilities), request.template, y_prob)
    if skipped or skipped_file.exists():  # an older list would be about other pictures
        write_skipped(skipped_file, skipped)
    notes = (*request.notes, *_outlier_note([answer.is_outlier for answer in answers]))
    return Prediction(
        request.template.ids, classes, y_prob, skipped, notes, skipped_file, point, threshold
    )


def _outlier_note(is_outlier: Sequence[bool]) -> tuple[str, ...]:
    """A warning where more cells than the expected few are unlike those trained on."""
    count = sum(is_outlier)
    if count <= OUTLIERS_EXPECTED * len(is_outlier):
        return ()
    return (_OUTLIERS.format(count=count, all=len(is_outlier)),)


def _skipped_file(out: Path) -> Path:
    """The list beside a submission; a run or a search has one of its own, which stays."""
    usual = out.with_name("skipped.csv")
    return out.with_name(f"{out.stem}_skipped.csv") if is_kept(usual) else usual


class Judged(NamedTuple):
    """What the model says of one cell."""

    probability: float
    is_outlier: bool


def judgement_stream(
    source: Source, model: Reader, entries: Iterable[Entry] | None = None
) -> Iterator[tuple[Entry, Judged | PictureError]]:
    """Yield what the model says of each picture, or why it cannot be read, in its order."""

    def judge(prepared: list[NDArray[np.uint8]]) -> list[Judged]:
        judgement = model.judge(np.stack(prepared))
        return [Judged(*row) for row in zip(*(part.tolist() for part in judgement), strict=True)]

    return batch_stream(source, model.prepare, judge, entries=entries)


_UNREAD = Judged(float("nan"), is_outlier=False)


@dataclass(frozen=True)
class _Asked:
    """The rows of the submission and the pictures to read for them."""

    template: Template
    names: Sequence[str | None]  # the picture of each row; None: there is none
    entries: list[Entry]
    missing: tuple[Skipped, ...]
    notes: tuple[str, ...]


def _asked(source: Source, template: Template | None) -> _Asked:
    """What is asked for: all that the source lists, or what the sample submission does."""
    if template is None:
        return _asked_all(source)
    index = NameIndex(source.by_name)
    names = [index.find(row) for row in template.ids]
    reasons = {_bare(row.name): row.reason for row in source.skipped}
    missing = tuple(
        Skipped(row, reasons.get(_bare(row), _ABSENT))
        for row, name in zip(template.ids, names, strict=True)
        if name is None
    )
    if len(missing) == len(names) and {row.reason for row in missing} == {_ABSENT}:
        raise DataError(
            f"none of the {len(names):,} ids of the sample submission, such as "
            f"{template.ids[0]!r}, is among the pictures; give the sample of these pictures"
        )
    wanted = set(names)
    entries = [entry for entry in source if entry.name in wanted]
    extra = len(source.entries) - len(entries)
    note = f"the sample submission does not ask for {extra:,} of the pictures; they get no row"
    return _Asked(template, names, entries, missing, (note,) if extra else ())


def _asked_all(source: Source) -> _Asked:
    """A row for every picture, also for those that the source had to leave out."""
    missing = tuple(
        row
        for row in source.skipped
        if Path(row.name).suffix.lower() in SUFFIXES and row.name not in source.by_name
    )
    names = list(dict.fromkeys((*source.by_name, *(row.name for row in missing))))
    bare = [_bare(name) for name in names]
    ids = bare if len(set(bare)) == len(bare) else names
    return _Asked(Template(HEADER, tuple(ids)), names, list(source), missing, ())


def _bare(name: str) -> str:
    """A name without its folders."""
    return name.rpartition("/")[2]


def _judge(
    source: Source, entries: list[Entry], model: Reader, watch: Watch | None
) -> tuple[dict[str | None, Judged], list[Skipped]]:
    """What the model says by name, and what could not be read."""
    found: dict[str | None, Judged] = {}
    unread: list[Skipped] = []
    for done, (entry, result) in enumerate(judgement_stream(source, model, entries), 1):
        if isinstance(result, PictureError):
            unread.append(Skipped(entry.name, str(result)))
        elif math.isnan(result.probability):
            unread.append(Skipped(entry.name, "the model's answer is not a number"))
        else:
            found[entry.name] = result
        if watch and (done % 64 == 0 or done == len(entries)):
            watch("predict", done, len(entries), {})
    return found, unread


def _write_probabilities(path: Path, template: Template, y_prob: NDArray[np.float32]) -> None:
    """The id and the probability of each row; empty where the picture could not be read."""
    name = template.header[template.id_column] if template.header else HEADER[0]
    shown = ("" if np.isnan(value) else f"{value:.6f}" for value in y_prob)
    files.write_csv(path, (name, "probability"), zip(template.ids, shown, strict=True))
