"""What a check of a data set found: splits with their leaks, suspected labels, all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from laveran.audit.leakage import Leak
from laveran.audit.run import AuditedRun, HeldOut
from laveran.audit.shortcuts import Probe
from laveran.audit.summary import Summary
from laveran.audit.suspects import Ranking
from laveran.audit.twins import Twin
from laveran.cells.manifest import Manifest
from laveran.cells.skipped import Skipped


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


def _many(n: int, what: str) -> str:
    """A count with its noun.

    >>> _many(1, "pair"), _many(1200, "pair")
    ('1 pair', '1,200 pairs')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"
