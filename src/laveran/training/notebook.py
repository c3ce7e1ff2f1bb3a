"""The homework as a notebook: a story in Markdown whose code reads the run folders it tells of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, StrictUndefined, Template

from laveran import files
from laveran.cells.archive import open_source
from laveran.errors import ConfigError
from laveran.model.kept import require_own
from laveran.networks.mlp import MlpSpec
from laveran.networks.stack import StackSpec
from laveran.training.finished import (
    ENSEMBLE,
    FINE_TUNED,
    FROM_SCRATCH,
    KINDS,
    FinishedRun,
    open_run,
)

METADATA = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WORDS = {FROM_SCRATCH: "from scratch", FINE_TUNED: "fine-tuned", ENSEMBLE: "an ensemble"}


@dataclass(frozen=True)
class Notebook:
    """What `write_notebook` left.

    Attributes:
        path: The notebook.
        n_cells: Its cells, of text and of code.
        missing: Kinds of network that no run stands for: "from scratch", "fine-tuned",
            "ensemble".
    """

    path: Path
    n_cells: int
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A summary of plain values."""
        return {"notebook": str(self.path), "n_cells": self.n_cells, "missing": list(self.missing)}


def write_notebook(
    runs: Sequence[Path | str],
    out: Path | str,
    *,
    data: Path | str | None = None,
    labels: Path | str | None = None,
    test: Path | str | None = None,
    sample: Path | str | None = None,
) -> Notebook:
    """Write a notebook that tells how the homework was done, to be run from top to bottom.

    Nothing of the data is in it until it is run. Paths in it are relative to its folder where
    the two have one in common.

    Args:
        runs: Finished run folders; the first is looked at closely and makes the submission, all
            are compared.
        out: The notebook to write.
        data: Zip or folder of the training pictures; by default where the first run had them.
        labels: Their table of labels; likewise.
        test: Zip or folder of the pictures to classify; without them there is no submission.
        sample: The sample submission.

    Raises:
        ModelError: If a run is not finished, or damaged.
        ConfigError: If no run is given, or a file that is asked for is not there.
        OutputError: If the notebook cannot be written.

    Example:
        >>> write_notebook(["runs/fast"], "homework.ipynb")  # doctest: +SKIP
        Notebook(path=PosixPath('homework.ipynb'), n_cells=46, missing=('fine-tuned', 'ensemble'))
    """
    if not runs:
        raise ConfigError("there is nothing to tell; give at least one run folder")
    require_own((out,), (data, labels, test, sample))
    opened = [open_run(path) for path in runs]
    given = _given(opened[0], data=data, labels=labels, test=test, sample=sample)
    cells = list(_cells(_story(opened, given, Path(out))))
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=METADATA)
    files.write_text(out, nbformat.writes(notebook) + "\n")
    return Notebook(Path(out), len(cells), _missing(opened))


def _given(run: FinishedRun, **given: Path | str | None) -> dict[str, Path | None]:
    """Where everything is: the training's data where the run had them, if nobody says."""
    for name in ("data", "labels"):
        given[name] = given[name] or run.config.get("run", {}).get(name) or None
    if not given["data"]:
        raise ConfigError(f"{run.name} does not tell where its pictures are; give --data")
    for name, path in given.items():
        if path and not Path(path).exists():
            raise ConfigError(f"there is no {path}; say by --{name} where it is")
    with open_source(given["data"]) as source:
        strange = next((n for n in run.predictions.names if n not in source.by_name), None)
    if strange:
        raise ConfigError(
            f"{given['data']} holds no {strange!r}, which {run.name} was scored on; "
            "give by --data the zip or folder that it was trained with"
        )
    return {name: Path(path) if path else None for name, path in given.items()}


def _missing(runs: Sequence[FinishedRun]) -> tuple[str, ...]:
    """The kinds of network that no run stands for."""
    there = {run.kind for run in runs}
    return tuple(kind for kind in KINDS if kind not in there)


def _story(runs: Sequence[FinishedRun], given: Mapping[str, Path | None], out: Path) -> str:
    """The story as Markdown; the figures it reads itself when it is run."""
    run = runs[0]
    patients_known = run.evaluation.n_patients > 0
    shared = set.intersection(*(set(each.predictions.names) for each in runs))
    return _template().render(
        runs=[_seen_from(out, each.folder.path) for each in runs],
        main=_seen_from(out, run.folder.path),
        kinds=_kinds(_missing(runs)),
        synthetic=run.model.contract.training.synthetic,
        by_patient=run.by_patient,
        optimistic=run.optimistic,
        any_optimistic=any(each.optimistic for each in runs),
        taught=run.taught,
        patients_known=patients_known,
        unit="patient" if patients_known else run.cells.grouping,
        folds=len(run.fits) > 1,
        ensemble=run.kind == ENSEMBLE,
        ensembles=any(each.kind == ENSEMBLE for each in runs),
        stack=isinstance(run.recipe.network, StackSpec),
        mlp=isinstance(run.recipe.network, MlpSpec),
        point=run.model.default_point,
        maps=run.model.contract.evidence is not None,
        comparable=len(runs) > 1 and bool(shared),
        **{name: path and _seen_from(out, path) for name, path in given.items()},
    )


def _template() -> Template:
    """The story; its code is fenced, and what is inserted is Python or Markdown, never HTML."""
    text = resources.files("laveran.training").joinpath("notebooks", "homework.md.j2")
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["literal"] = repr
    return environment.from_string(text.read_text(encoding="utf-8"))


def _kinds(missing: Sequence[str]) -> str:
    """Which kinds of network there is no run of, in a sentence."""
    if not missing:
        return "The runs given to this notebook are of all three kinds."
    none = " or ".join(_WORDS[kind] for kind in missing)
    return f"Of the runs given to this notebook **none is {none}**, so the table has no row for it."


def _seen_from(out: Path, path: Path) -> str:
    """`path` as the notebook `out` writes it: relative where both lie in one folder."""
    home, place = out.parent.resolve(), path.parent.resolve() / path.name
    if home.anchor != place.anchor or os.path.commonpath([home, place]) == home.anchor:
        return place.as_posix()
    return Path(os.path.relpath(place, home)).as_posix()


def _cells(story: str) -> Iterator[nbformat.NotebookNode]:
    """The story as cells: code where it is fenced as Python, text between."""
    for number, part in enumerate(_CODE.split(story)):
        make = nbformat.v4.new_code_cell if number % 2 else nbformat.v4.new_markdown_cell
        if part.strip():
            yield make(part.strip(), id=f"cell-{number:02}")
