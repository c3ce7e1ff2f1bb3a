"""What the benchmarks feed to Laveran: a zip of so many cells, or one drawn cell.

Example: python benchmarks/inputs.py train_data.zip many.zip --cells 100000 --stored
"""

from __future__ import annotations

import argparse
import zipfile
from itertools import cycle, islice
from pathlib import Path


def write_zip(source: Path, target: Path, count: int, *, stored: bool = False) -> None:
    """Write a zip of exactly `count` PNGs out of the zip `source`, again and again if need be.

    Args:
        source: A zip of PNGs.
        target: The zip to write; every cell gets a name of its own.
        count: How many.
        stored: Do not compress, instead of compressing as `source` does.
    """
    with zipfile.ZipFile(source) as given, zipfile.ZipFile(target, "w") as taken:
        cells = [
            member
            for member in given.infolist()
            if member.filename.lower().endswith(".png") and "__MACOSX" not in member.filename
        ]
        if not cells:
            raise SystemExit(f"{source} holds no PNG; give a zip of cells")
        for number, cell in enumerate(islice(cycle(cells), count)):
            name = f"cells/{number:06d}_{Path(cell.filename).name}"
            method = zipfile.ZIP_STORED if stored else cell.compress_type
            taken.writestr(name, given.read(cell), method)


def write_cell(path: Path) -> None:
    """Write the PNG of one cell that is drawn here and now."""
    import numpy as np

    from laveran.cells.synthetic import draw_cell, draw_patient
    from laveran.cells.synthetic_dataset import encode_png

    rng = np.random.default_rng(0)
    path.write_bytes(encode_png(draw_cell(rng, draw_patient(rng), "ring").image))


def main() -> None:
    """Write a zip."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--cells", type=int, default=10_000)
    parser.add_argument("--stored", action="store_true")
    asked = parser.parse_args()
    write_zip(asked.source, asked.target, asked.cells, stored=asked.stored)


if __name__ == "__main__":
    main()
