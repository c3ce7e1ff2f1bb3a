"""What is known of a method beside its scores, and the file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from laveran import files

Picture = NDArray[np.uint8]  # RGB [H, W, 3]
Judge = Callable[[Sequence[Picture]], NDArray[np.floating[Any]]]

BATCH = 64


@dataclass(frozen=True)
class Facts:
    """What a method is and got.

    Attributes:
        parameters: Numbers that were learned; nodes, of a forest.
        file_bytes: Size of the file that it is kept in.
        note: What it is and how it was trained, in a sentence.
        settings: What decides the training; none for runs, whose folder tells.
        train_seconds: How long the training took; None where that is not known here.
        history: Whatever was measured after each epoch.
    """

    parameters: int
    file_bytes: int
    note: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    train_seconds: float | None = None
    history: Sequence[Mapping[str, float]] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write it: the last file of a training."""
        files.write_text(path, json.dumps(asdict(self), indent=2) + "\n")


def finished(path: Path, settings: Mapping[str, Any]) -> Facts | None:
    """The facts of a training that is done, with its scores; None if it is not.

    Raises:
        SystemExit: If it was another training.
    """
    if not (path.is_file() and path.with_suffix(".csv").is_file()):
        return None
    facts = Facts(**json.loads(path.read_text(encoding="utf-8")))
    if facts.settings != settings:
        changed = [key for key in settings if facts.settings.get(key) != settings[key]]
        raise SystemExit(
            f"{path} was made with other settings ({', '.join(changed)}); "
            "delete it to train again, or choose another --out"
        )
    return facts


def in_threads(judge: Judge, pictures: Sequence[Picture], threads: int) -> NDArray[np.float64]:
    """The probabilities [N] of pictures in batches, each by one of so many threads."""
    batches = [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]
    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(judge, batches))).astype(np.float64)
