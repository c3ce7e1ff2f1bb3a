"""What a run or a search keeps in its folder, and nothing else may be written over."""

from __future__ import annotations

from pathlib import Path

from laveran.errors import ConfigError

MARKS = ("config.toml", "metrics.json", "model.onnx")  # by one of them such a folder is known
KEPT = {
    *MARKS,
    *("cells.csv", "gate.safetensors", "history.csv", "network.json", "predictions.csv"),
    *("report.html", "skipped.csv", "weights.safetensors"),
    *("recipe.toml", "search.html", "study.db", "trials.csv"),
}


def is_kept(path: Path) -> bool:
    """Whether a run or a search keeps a file of its own at `path`.

    >>> is_kept(Path("submission.csv"))
    False
    """
    return path.name in KEPT and any(path.with_name(mark).exists() for mark in MARKS)


def require_not_kept(path: Path) -> None:
    """Refuse to write over what a run or a search keeps.

    Raises:
        ConfigError: If `path` is such a file.
    """
    if is_kept(path):
        raise ConfigError(
            f"{path} is a file of the run or search in that folder; choose another name"
        )
