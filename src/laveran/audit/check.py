"""`laveran check`: what is wrong with a data set before anybody learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from laveran.audit.check_files import write_check
from laveran.audit.findings import Check, GivenSplit, Suspects
from laveran.audit.glimpse import Glimpse, glimpse
from laveran.audit.leakage import find_leaks, read_split
from laveran.audit.run import AuditedRun, judged, read_run
from laveran.audit.shortcuts import Probe, probe_shortcuts
from laveran.audit.summary import summarise
from laveran.audit.suspects import rank_labels
from laveran.audit.twins import Twin, find_twins
from laveran.cells.manifest import Manifest
from laveran.cells.reading import read_cells
from laveran.errors import ConfigError, SplitError
from laveran.model.prediction import Watch


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
        notes=(*reading.notes, *notes, *_unjudged(suspects, len(manifest))),
    )
    if out:
        write_check(found, out)
    return found


def _suspects(run: AuditedRun, manifest: Manifest) -> Suspects:
    """The labels that the run doubts."""
    found = judged(run, manifest)
    return Suspects(run, found, rank_labels(found.y_true, found.y_prob))


def _unjudged(suspects: Suspects | None, n_cells: int) -> tuple[str, ...]:
    """A note where the run could judge some of the cells alone."""
    if suspects is None or len(suspects.judged.name) == n_cells:
        return ()
    note = (
        f"of the {n_cells:,} cells {len(suspects.judged.name):,} were held out by "
        f"{suspects.run.path}, and only their labels were judged; a run with --folds judges all"
    )
    return (note,)


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
