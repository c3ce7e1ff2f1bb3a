"""What is known of each picture before it is looked at: its label, patient and photograph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from laveran.cells.labels import CLASS_WORDS, Labels, settle
from laveran.cells.names import NameIndex
from laveran.cells.patients import nih_patient, nih_photo
from laveran.cells.skipped import Skipped
from laveran.cells.tables import plain
from laveran.errors import LabelsError


class Source(Protocol):
    """What pictures come from, such as `laveran.cells.archive.Source`.

    Attributes:
        path: What was opened.
        skipped: What was left out, and why.
    """

    path: Path
    skipped: tuple[Skipped, ...]

    @property
    def by_name(self) -> Mapping[str, Any]:
        """The pictures by their names."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of one picture; None where nothing tells."""

    label: int | None = None
    patient: str | None = None
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the pictures of a source.

    Attributes:
        by_picture: By name, in the order of the source; a picture that is not here is left out.
        skipped: The pictures and rows of tables that are left out, and why.
    """

    by_picture: dict[str, Fact]
    skipped: list[Skipped]


def gather_facts(
    source: Source, labels: Labels | None = None, patients: Mapping[str, str] | None = None
) -> Facts:
    """Find the label, patient and photograph of every picture of a source.

    Labels are those of the table, else those of folders named after the classes, else unknown;
    where there are any, a picture without one is left out. Patients are those given (by name of
    picture), else those of the table, else those that NIH's names carry. These are never mixed:
    one person under two names would be on both sides of a split.

    Raises:
        LabelsError: If `labels` or `patients` name none of the pictures.
    """
    facts = _from_folders(source) if labels is None else _from_table(source, labels)
    by_picture = _with_photos(_with_patients(source, facts.by_picture, patients))
    return Facts(by_picture, facts.skipped)


def _from_table(source: Source, labels: Labels) -> Facts:
    """Labels, patients and photographs from the rows of a table."""
    pictures, misses = _match(source, [row.name for row in labels.rows])
    found = [replace(row, name=pictures[row.name]) for row in labels.rows if row.name in pictures]
    rows, disputed = settle(found)
    if not rows:
        example = f"; {misses[0].name!r}: {misses[0].reason}" if misses else ""
        raise LabelsError(f"{labels.path} labels no picture in {source.path}{example}")
    rejected, _ = _match(source, [name for name, _ in labels.skipped])
    listed = {*rejected.values(), *(name for name, _ in disputed)}
    known = {row.name: Fact(row.label, row.patient, row.photo) for row in rows}
    unlabelled = [
        Skipped(name, f"no label in {labels.path.name}")
        for name in source.by_name
        if name not in known and name not in listed
    ]
    in_order = {name: known[name] for name in source.by_name if name in known}
    return Facts(in_order, [*labels.skipped, *disputed, *misses, *unlabelled])


def _match(source: Source, names: Iterable[str]) -> tuple[dict[str, str], list[Skipped]]:
    """The picture that each of `names` means, and the names that mean none, or more than one.

    A name that means a picture which the source has skipped is neither: it is listed there.
    """
    index = NameIndex([*source.by_name, *(name for name, _ in source.skipped)])
    pictures: dict[str, str] = {}
    misses: list[Skipped] = []
    for name in names:
        try:
            picture = index.find(name)
        except LabelsError as error:
            misses.append(Skipped(name, str(error)))
            continue
        if picture is None:
            misses.append(Skipped(name, f"there is no such picture in {source.path.name}"))
        elif picture in source.by_name:
            pictures[name] = picture
    return pictures, misses


def _from_folders(source: Source) -> Facts:
    """Labels from the names of folders; if no folder is a class, all labels are unknown."""
    classes = {name: _class_of(name) for name in source.by_name}
    if all(label is None for label in classes.values()):
        return Facts(dict.fromkeys(classes, Fact()), [])
    return Facts(
        {name: Fact(label) for name, label in classes.items() if label is not None},
        [
            Skipped(name, "no label: none of its folders is named after a class")
            for name, label in classes.items()
            if label is None
        ],
    )


def _class_of(name: str) -> int | None:
    """The class that the innermost folder named after one says."""
    folders = name.split("/")[-2::-1]
    return next((CLASS_WORDS[plain(f)] for f in folders if plain(f) in CLASS_WORDS), None)


def _with_patients(
    source: Source, facts: dict[str, Fact], patients: Mapping[str, str] | None
) -> dict[str, Fact]:
    """The facts with the patients of the one source that tells of any."""
    if patients:
        pictures, misses = _match(source, patients)
        if not pictures:
            raise LabelsError(
                f"the patients given are of none of the pictures in {source.path}; "
                f"{misses[0].name!r}: {misses[0].reason}"
            )
        told = {picture: patients[name] for name, picture in pictures.items()}
    elif any(fact.patient for fact in facts.values()):
        return facts
    else:
        told = {name: patient for name in facts if (patient := nih_patient(name))}
    return {name: replace(fact, patient=told.get(name)) for name, fact in facts.items()}


def _with_photos(facts: dict[str, Fact]) -> dict[str, Fact]:
    """The facts with photographs; one that is said to hold all cells tells nothing."""
    photos = {name: fact.photo or nih_photo(name) for name, fact in facts.items()}
    if len(set(photos.values())) == 1:
        return facts
    return {name: replace(fact, photo=photos[name]) for name, fact in facts.items()}
