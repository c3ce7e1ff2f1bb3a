"""What a check leaves: a page, `check.json`, and every list as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from laveran import files
from laveran.audit.findings import Check, GivenSplit, Suspects
from laveran.audit.gallery import Picture, read_pictures, with_networks
from laveran.audit.twins import Twin
from laveran.cells.crop import letterbox
from laveran.cells.manifest import CLASSES, UNKNOWN, Manifest
from laveran.errors import OutputError
from laveran.report.check_report import (
    CheckReport,
    LeakRow,
    ProbeRow,
    SplitSection,
    SuspectSection,
    TwinCell,
    TwinPair,
    render,
)
from laveran.report.examples import Example
from laveran.report.pictures import SIDE_PX, data_uri

TWINS_SHOWN = 24
SUSPECTS_SHOWN = 60  # of each label
LISTS = ("twins.csv", "leaks.csv", "suspects.csv", "left_out.csv")


def write_check(found: Check, folder: Path | str) -> None:
    """Write the page, the lists and the figures to `folder`.

    They are written beside the folder first and then moved into it, after an older check was
    removed: where there is a `check.json`, all is there and of one check.

    Raises:
        DataError: If a picture cannot be read any more.
        ModelError: If a network cannot be asked for its evidence.
        OutputError: If a file cannot be written.
    """
    folder = Path(folder)
    texts = {
        "check.html": render(_report(found)),
        **_lists(found),
        "check.json": json.dumps(found.to_json(), indent=2) + "\n",
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            for name, text in texts.items():
                files.write_text(Path(scratch) / name, text)
            folder.mkdir(exist_ok=True)
            for name in ("check.json", *LISTS):
                (folder / name).unlink(missing_ok=True)
            for name in texts:  # check.json last
                (Path(scratch) / name).replace(folder / name)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"cannot write {folder}: {reason}; choose another place") from error


def _lists(found: Check) -> dict[str, str]:
    """The lists as CSV, by file name."""
    manifest = found.manifest
    lists = {
        "left_out.csv": files.csv_text(("name", "reason"), found.skipped),
        "twins.csv": files.csv_text(
            ("name", "twin", "distance", "patient", "twin_patient", "label", "twin_label"),
            (_twin_row(manifest, twin) for twin in found.twins),
        ),
    }
    if found.splits:
        lists["leaks.csv"] = files.csv_text(
            ("split", found.manifest.grouping, "part", "cells"),
            (
                (split.source, leak.group, part, n)
                for split in found.splits
                for leak in split.leaks
                for part, n in leak.cells.items()
            ),
        )
    if found.suspects:
        lists["suspects.csv"] = files.csv_text(
            ("name", "patient", "label", "probability", "quality"),
            _suspect_rows(manifest, found.suspects),
        )
    return lists


def _twin_row(manifest: Manifest, twin: Twin) -> Sequence[Any]:
    """A pair of near-duplicates as a row."""
    one, other = manifest[twin.first], manifest[twin.second]
    pairs = ((one.name, other.name), (one.patient, other.patient), (one.label, other.label))
    names, patients, labels = (["" if value is None else value for value in pair] for pair in pairs)
    return [*names, twin.distance, *patients, *labels]


def _suspect_rows(manifest: Manifest, suspects: Suspects) -> Iterable[Sequence[Any]]:
    """Suspected labels as rows, the worst first."""
    judged = suspects.judged
    for i in suspects.ranking.order.tolist():
        cell = manifest[int(judged.index[i])]
        yield (
            cell.name,
            cell.patient or "",
            int(judged.y_true[i]),
            f"{judged.y_prob[i]:.6f}",
            f"{suspects.ranking.quality[i]:.6f}",
        )


def _report(found: Check) -> CheckReport:
    """The page of a check."""
    labels = found.manifest.labels[found.manifest.labels != UNKNOWN]
    return CheckReport(
        data=Path(found.data).name,
        alarms=found.alarms,
        notes=found.notes,
        summary=found.summary.rows(),
        skipped=found.skipped,
        twins=_twin_pairs(found),
        n_twins=len(found.twins),
        unit=found.manifest.grouping,
        splits=[_split_section(split) for split in found.splits],
        probes=[ProbeRow(each.features, each.accuracy, each.auroc) for each in found.probes],
        majority=float(np.bincount(labels).max() / labels.size) if labels.size else None,
        suspects=_suspect_section(found, found.suspects) if found.suspects else None,
    )


def _twin_pairs(found: Check) -> list[TwinPair]:
    """The near-duplicates to show, those that should not be first."""
    across_split = {twin for split in found.splits for twin in split.twins}
    reasons = {
        twin: (*found.across(twin), *(("parts",) if twin in across_split else ()))
        for twin in found.twins
    }
    shown = sorted(found.twins, key=lambda twin: (-len(reasons[twin]), twin.distance))
    shown = shown[:TWINS_SHOWN]
    places = {place for twin in shown for place in (twin.first, twin.second)}
    names = [found.manifest[place].name for place in sorted(places)]
    pictures = read_pictures(found.data, names) if names else {}
    return [
        TwinPair(
            _twin_cell(found.manifest, twin.first, pictures),
            _twin_cell(found.manifest, twin.second, pictures),
            twin.distance,
            f"two {' and '.join(reasons[twin])}" if reasons[twin] else "",
        )
        for twin in shown
    ]


def _twin_cell(manifest: Manifest, place: int, pictures: dict[str, Picture]) -> TwinCell:
    """One cell of a pair as it is shown."""
    cell = manifest[place]
    label = "no label" if cell.label is None else f"labelled {CLASSES[cell.label]}"
    picture = data_uri(letterbox(pictures[cell.name], SIDE_PX))
    return TwinCell(cell.name, cell.patient or "", label, picture)


def _split_section(split: GivenSplit) -> SplitSection:
    """A split as the page shows it."""
    return SplitSection(
        source=split.source,
        parts={part: split.parts.count(part) for part in sorted(set(split.parts))},
        leaks=[
            LeakRow(leak.group, ", ".join(f"{part} {n:,}" for part, n in leak.cells.items()))
            for leak in split.leaks
        ],
        n_twins=len(split.twins),
    )


def _suspect_section(found: Check, suspects: Suspects) -> SuspectSection:
    """The worst suspects of each label, with what the network saw that judged them."""
    judged, order = suspects.judged, suspects.ranking.order
    worst = [
        int(i)
        for label in (1, 0)
        for i in [i for i in order if judged.y_true[i] == label][:SUSPECTS_SHOWN]
    ]
    cells = {i: found.manifest[int(judged.index[i])] for i in worst}
    pictures = read_pictures(found.data, [cell.name for cell in cells.values()]) if worst else {}
    folders = {cells[i].name: suspects.run.network_of(judged.name[i]) for i in worst}
    shown = with_networks(pictures, folders, SIDE_PX)
    return SuspectSection(
        run=suspects.run.path.name,
        n_judged=len(judged.name),
        n_parasitized=suspects.count(1),
        n_uninfected=suspects.count(0),
        patients_met=suspects.run.patients_met,
        examples=[
            Example(
                cell.name,
                cell.patient or "",
                int(judged.y_true[i]),
                float(judged.y_prob[i]),
                *shown[cell.name],
            )
            for i, cell in cells.items()
        ],
    )
