"""Finished representations, kept in a file each, so that a stopped comparison goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from laveran import files

FOLDER = "methods"
LAYOUT = 1  # of the file


class KeptSight(BaseModel):
    """A picture of what the method sees, as a data URI, and what it shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    caption: str
    picture: str


class Kept(BaseModel):
    """All that is kept of a finished representation.

    Attributes:
        settings: What decides it; a file of other settings is computed anew.
        dimension: Numbers in a vector.
        seconds: To fit the training cells and to turn all cells into vectors.
        penalty: C of the probe.
        probe: Probabilities by the probe, a test cell each.
        neighbour: Shares of parasitized neighbours, a test cell each.
        sights: What the method sees.
        nearest: Some test cells with their nearest training cells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: dict[str, Any]
    dimension: int
    seconds: float
    penalty: float
    probe: list[float]
    neighbour: list[float]
    sights: list[KeptSight]
    nearest: KeptSight


def read_kept(folder: Path, name: str, settings: dict[str, Any]) -> Kept | None:
    """What is kept of the method `name` with just these settings; None if it is to be computed."""
    try:
        kept = Kept.model_validate_json(_path(folder, name).read_bytes())
    except (OSError, ValidationError):
        return None
    return kept if kept.settings == settings else None


def write_kept(folder: Path, name: str, kept: Kept) -> None:
    """Keep a finished method.

    Raises:
        OutputError: If the file cannot be written.
    """
    files.write_text(_path(folder, name), kept.model_dump_json(indent=1) + "\n")


def _path(folder: Path, name: str) -> Path:
    """Where a method is kept."""
    return folder / FOLDER / f"{name}.json"
