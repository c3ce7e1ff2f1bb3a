"""Cells, tables and run folders that the tests of audits share."""

import csv
import io
import json
import zipfile
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hostile import encode
from laveran.cells.manifest import COLUMNS, Manifest
from laveran.cells.reading import read_cells


class Drawn(NamedTuple):
    """A zip of cells and its table of labels."""

    data: Path
    labels: Path
    manifest: Manifest


def write_data(folder, pictures):
    """A zip and its table of labels."""
    data, table = folder / "cells.zip", folder / "labels.csv"
    with zipfile.ZipFile(data, "w") as archive:
        for name, (image, _) in pictures.items():
            archive.writestr(name, encode(image))
    rows = "".join(f"{name},{label}\n" for name, (_, label) in pictures.items())
    table.write_text(f"img_name,label\n{rows}")
    return Drawn(data, table, read_cells(data, table).manifest)


def table(header, rows):
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(header)
    lines.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue()


def write_run(folder, manifest, probability, parts):
    """A run folder as training leaves it, as far as an audit reads it."""
    folder.mkdir(parents=True)
    (folder / "cells.csv").write_text(
        table(
            [*COLUMNS, "part"],
            [[*astuple(cell), part] for cell, part in zip(manifest, parts, strict=True)],
        )
    )
    rows = [
        (cell.name, cell.patient, cell.label, 0, f"{value:.6f}")
        for cell, value in zip(manifest, probability, strict=True)
        if not np.isnan(value)
    ]
    (folder / "predictions.csv").write_text(
        table(["name", "patient", "label", "logit", "probability"], rows)
    )
    (folder / "metrics.json").write_text(json.dumps({}))
    return folder
