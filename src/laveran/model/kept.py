"""What a run or a search keeps in its folder, and nothing else may be written over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from laveran.errors import ConfigError

KEPT = {
    *("cells.csv", "config.toml", "gate.safetensors", "history.csv", "metrics.json"),
    *("model.onnx", "network.json", "predictions.csv", "report.html", "skipped.csv"),
    "weights.safetensors",
    *("recipe.toml", "search.html", "study.db", "trials.csv"),
}
_BEGUN = re.compile(rb"^\[(run|search)\]$", re.MULTILINE)  # in the config.toml of either


def is_kept(path: Path) -> bool:
    """Whether a run (or its fold) or a search keeps a file of its own at `path`.

    >>> is_kept(Path("submission.csv"))
    False
    """
    return path.name in KEPT and (_is_begun(path.parent) or _has_network(path.parent))


def _is_begun(folder: Path) -> bool:
    """Whether the folder is that of a run or a search, finished or not."""
    config = folder / "config.toml"
    return config.is_file() and bool(_BEGUN.search(config.read_bytes()))


def _has_network(folder: Path) -> bool:
    """Whether it holds a network and its model file, as a fold's does."""
    return (folder / "network.json").exists() and (folder / "model.onnx").exists()


def require_own(
    outputs: Iterable[Path | str | None], inputs: Iterable[Path | str | None] = ()
) -> None:
    """Refuse to write one file over another, over what is read, or over what a run keeps.

    Raises:
        ConfigError: If so.
    """
    taken = {Path(path).resolve() for path in inputs if path}
    for path in [Path(path) for path in outputs if path]:
        if is_kept(path):
            raise ConfigError(
                f"{path} is a file of the run or search in that folder; choose another name"
            )
        if path.resolve() in taken:
            raise ConfigError(f"{path} would overwrite another file of this call; rename it")
        taken.add(path.resolve())
