"""`laveran check`: what is wrong with a data set before anybody learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from laveran.audit.glimpse import Glimpse, glimpse
from laveran.audit.leakage import Leak, find_leaks, read_split
from laveran.audit.run import AuditedRun, HeldOut, judged, read_run
from laveran.audit.shortcuts import Probe, probe_shortcuts
from laveran.audit.summary import Summary, summarise
from laveran.audit.suspects import Ranking, rank_labels
from laveran.audit.twins import Twin, find_twins
from laveran.cells.manifest import Manifest
from laveran.cells.reading import read_cells
from laveran.cells.skipped import Skipped
from laveran.errors import ConfigError, SplitError
from laveran.model.prediction import Watch


@dataclass(frozen=True)
class GivenSplit:
    """A split that somebody made, and what leaks over it.

    Attributes:
        source: The file that tells it.
        parts: The part of each cell [N]; the empty string for none.
        leaks: Patients (or photos) on several sides.
        twins: Near-duplicates on two sides.
    """

    source: str
    parts: tuple[str, ...]
    leaks: tuple[Leak, ...]
    twins: tuple[Twin, ...]


@dataclass(frozen=True)
class Suspects:
    """Labels that a run doubts.

    Attributes:
        run: The run.
        judged: The cells that it judged without having learned from them.
        ranking: How good their labels are.
    """

    run: AuditedRun
    judged: HeldOut
    ranking: Ranking

    def count(self, label: int) -> int:
        """How many cells of that label are suspected."""
        return int((self.ranking.suspected & (self.judged.y_true == label)).sum())


@dataclass(frozen=True)
class Check:
    """What `check` found.

    Attributes:
        data: What was checked.
        manifest: Its cells.
        summary: Their numbers.
        skipped: What was left out, and why.
        twins: Near-duplicates, the closest first.
        splits: The splits that were given.
        probes: How far shortcuts lead; empty where they could not be probed.
        suspects: Suspected label errors; None without a run.
        notes: What the user must know, a sentence each.
    """

    data: str
    manifest: Manifest
    summary: Summary
    skipped: tuple[Skipped, ...]
    twins: tuple[Twin, ...]
    splits: tuple[GivenSplit, ...]
    probes: tuple[Probe, ...]
    suspects: Suspects | None
    notes: tuple[str, ...]

    def across(self, twin: Twin) -> tuple[str, ...]:
        """What two near-duplicates do not share but should: "patients", "labels"."""
        one, other = self.manifest[twin.first], self.manifest[twin.second]
        differ = {
            "patients": one.patient and other.patient and one.patient != other.patient,
            "labels": one.label != other.label,
        }
        return tuple(name for name, apart in differ.items() if apart)

    @property
    def alarms(self) -> tuple[str, ...]:
        """What makes figures wrong, a sentence each."""
        found = []
        for what in ("patients", "labels"):
            n_across = sum(what in self.across(twin) for twin in self.twins)
            if n_across:
                found.append(
                    f"{_many(n_across, 'pair')} of near-duplicates of two different {what}"
                )
        for split in self.splits:
            if split.leaks:
                groups = _many(len(split.leaks), self.manifest.grouping)
                found.append(f"{groups} on more than one side of the split in {split.source}")
            if split.twins:
                pairs = _many(len(split.twins), "pair")
                found.append(f"{pairs} of near-duplicates across the split in {split.source}")
        if self.suspects:
            found += self.suspects.run.doubts
        return tuple(found)

    def to_json(self) -> dict[str, Any]:
        """Everything but the lists that have files of their own, as plain values."""
        return {
            "data": self.data,
            **self.summary.to_json(),
            "n_skipped": len(self.skipped),
            "twins": {
                "n_pairs": len(self.twins),
                "n_across_patients": sum("patients" in self.across(t) for t in self.twins),
                "n_across_labels": sum("labels" in self.across(t) for t in self.twins),
            },
            "splits": [
                {
                    "source": split.source,
                    "parts": {part: split.parts.count(part) for part in sorted(set(split.parts))},
                    "n_leaks": len(split.leaks),
                    "n_twins": len(split.twins),
                }
                for split in self.splits
            ],
            "shortcuts": [
                {
                    "features": probe.features,
                    "accuracy": probe.accuracy.to_json(),
                    "auroc": probe.auroc.to_json(),
                }
                for probe in self.probes
            ],
            "suspects": self.suspects
            and {
                "run": str(self.suspects.run.path),
                "n_judged": len(self.suspects.judged.name),
                "n_labelled_parasitized": self.suspects.count(1),
                "n_labelled_uninfected": self.suspects.count(0),
            },
            "alarms": list(self.alarms),
            "notes": list(self.notes),
        }


def check(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    model: Path | str | None = None,
    out: Path | str | None = None,
    patients: Sequence[Path | str] = (),
    seed: int = 0,
    watch: Watch | None = None,
) -> Check:
    """Check a data set: what it holds, near-duplicates, leaks, shortcuts, suspected labels.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of names and labels, or a manifest; a column `part` or `split` is checked for
            leaks. None where folders are the classes.
        model: Folder of a finished run on these data, best with folds: its predictions on
            patients it never saw rank the labels, and its split is checked too.
        out: Folder for the page, `check.json` and the lists as CSV; None to write nothing.
        patients: Tables of names and patients.
        seed: Seed of the folds of the shortcut probe.
        watch: Called with (what is being done, done, total, {}).

    Raises:
        DataError: If the data cannot be used.
        ModelError: If the run cannot be used.
        ConfigError: If cleanlab is not here but needed.
        OutputError: If a file cannot be written.
    """
    run = read_run(model) if model else None
    seen: list[Glimpse] = []
    reading = read_cells(
        data,
        labels,
        patients=patients,
        transform=glimpse,
        on_picture=lambda _, kept: seen.append(kept),
        progress=_step(watch, "look"),
    )
    manifest = reading.manifest
    suspects = _suspects(run, manifest) if run else None
    twins = find_twins(
        np.stack([each.thumbnail for each in seen]),
        [cell.sha256 for cell in manifest],
        _step(watch, "compare"),
    )
    probes, notes = _probes(manifest, seen, seed)
    found = Check(
        data=str(data),
        manifest=manifest,
        summary=summarise(manifest),
        skipped=reading.skipped,
        twins=tuple(twins),
        splits=tuple(_splits(labels, run, manifest, twins)),
        probes=probes,
        suspects=suspects,
        notes=(*reading.notes, *notes),
    )
    if out:
        from laveran.audit.check_files import write_check

        write_check(found, out)
    return found


def _suspects(run: AuditedRun, manifest: Manifest) -> Suspects:
    """The labels that the run doubts."""
    found = judged(run, manifest)
    return Suspects(run, found, rank_labels(found.y_true, found.y_prob))


def _probes(
    manifest: Manifest, seen: Sequence[Glimpse], seed: int
) -> tuple[tuple[Probe, ...], tuple[str, ...]]:
    """How far shortcuts lead, or a note why that cannot be said."""
    try:
        return probe_shortcuts(manifest, seen, seed=seed), ()
    except (ConfigError, SplitError) as error:
        return (), (f"shortcuts were not probed: {error}",)


def _splits(
    labels: Path | str | None, run: AuditedRun | None, manifest: Manifest, twins: Sequence[Twin]
) -> list[GivenSplit]:
    """The splits that the labels and the run tell, with what leaks over them."""
    sources = [Path(labels)] if labels else []
    sources += [run.path / "cells.csv"] if run else []
    found = []
    for source in sources:
        parts = read_split(source, manifest.names)
        if parts and len(set(parts) - {""}) > 1:
            leaks = find_leaks(manifest.groups.tolist(), parts)
            across = [twin for twin in twins if _apart(parts[twin.first], parts[twin.second])]
            found.append(GivenSplit(str(source), parts, tuple(leaks), tuple(across)))
    return found


def _apart(part: str, other: str) -> bool:
    """Whether two cells are in different parts; a cell in no part is not."""
    return bool(part and other and part != other)


def _step(watch: Watch | None, stage: str) -> Any:
    """`watch` as a function of done and total alone; None for none."""
    return partial(_tell, watch, stage) if watch else None


def _tell(watch: Watch, stage: str, done: int, total: int) -> None:
    watch(stage, done, total, {})


def _many(n: int, what: str) -> str:
    """A count with its noun.

    >>> _many(1, "pair"), _many(1200, "pair")
    ('1 pair', '1,200 pairs')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"
