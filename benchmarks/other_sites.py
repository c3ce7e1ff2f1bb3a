"""Whether models know parasites elsewhere: on cells of two other laboratories.

Red cells of thin films are cut out as ellipses on black, much as NIH's are, by the boxes or centres
that people drew. Intervals resample photographs.

Example: python benchmarks/other_sites.py shipped --infected smears_site_a --free smears_no_malaria
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

import laveran
from accuracy.method import Picture
from laveran.metrics import Figure, measure, operating_figures
from laveran.model.contract import ACCURACY
from laveran.model.runtime import Model
from laveran.training.calibration import EVEN
from results import Row, publish, shown

UNINFECTED = "red blood cell"
PARASITES = ("ring", "trophozoite", "schizont", "gametocyte")
NORMAL = 0  # among the shapes of the malaria-free films
NORMAL_PX = 76  # across a red cell and its rim in those photographs
SMALLEST_PX = 20


class Cells(NamedTuple):
    """Cells that were cut out: pictures, labels [N], and the photograph of each."""

    pictures: list[Picture]
    y_true: list[int]
    photos: list[str]


def on_black(photo: Picture, left: int, top: int, width: int, height: int) -> Picture:
    """The ellipse that fills a box of a photograph, black around; less where the box leaves it."""
    box = photo[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    rows, columns = box.shape[:2]
    ellipse = np.zeros((rows, columns), np.uint8)
    middle = (columns // 2, rows // 2)
    cv2.ellipse(ellipse, middle, middle, 0, 0, 360, 1, cv2.FILLED)
    return box * ellipse[..., np.newaxis]


def infected_cells(folder: Path) -> Cells:
    """Red cells, and cells with a parasite of a known stage, of photographs with boxes."""
    cells = Cells([], [], [])
    for photo in json.loads((folder / "annotations.json").read_text(encoding="utf-8")):
        image = read(folder / "images" / photo["image_name"])
        for thing in photo["objects"]:
            if thing["type"] not in (UNINFECTED, *PARASITES):
                continue
            box = [round(float(thing["bbox"][key])) for key in ("x", "y", "w", "h")]
            _add(cells, on_black(image, *box), thing["type"] != UNINFECTED, photo["image_name"])
    return cells


def free_cells(folder: Path) -> Cells:
    """Normal red cells of photographs without malaria, of which the centres are known."""
    cells, half = Cells([], [], []), NORMAL_PX // 2
    for points in sorted((folder / "points").glob("*.txt")):
        image = read(folder / "images" / f"{points.stem}.jpg")
        height, width = image.shape[:2]
        for x, y in normal_points(points):
            if x in range(half, width - half) and y in range(half, height - half):
                picture = on_black(image, x - half, y - half, NORMAL_PX, NORMAL_PX)
                _add(cells, picture, False, points.stem)
    return cells


def normal_points(path: Path) -> Iterator[tuple[int, int]]:
    """Centres (x, y) of the normal cells that a file of points names."""
    for line in path.read_text(encoding="utf-8").splitlines():
        x, y, shape = (int(word) for word in line.split()[:3])
        if shape == NORMAL:
            yield x, y


def read(path: Path) -> Picture:
    """A photograph as RGB."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise SystemExit(f"{path} cannot be read as a picture; give the folder as it was published")
    return np.asarray(image, np.uint8)


def _add(cells: Cells, picture: Picture, parasitized: bool, photo: str) -> None:
    if min(picture.shape[:2]) >= SMALLEST_PX:
        cells.pictures.append(picture)
        cells.y_true.append(int(parasitized))
        cells.photos.append(photo)


def false_positives(specificity: Figure) -> Figure:
    """Share of uninfected cells called parasitized, of that called uninfected."""
    ends = (specificity.value, specificity.high, specificity.low)
    return Figure(*(None if end is None else 1 - end for end in ends))


def lines(who: str, model: Model, infected: Cells, free: Cells) -> Iterator[Row]:
    """What a model does on the cells of both sites."""
    points = dict.fromkeys((model.default_point, ACCURACY))
    limits = {**{name: model.threshold(name) for name in points}, EVEN: 0.5}
    for site, cells in (("films with malaria", infected), ("films without", free)):
        answer = model.answer(np.stack([model.prepare(picture) for picture in cells.pictures]))
        y_prob = answer.probability.astype(np.float64)
        figures = {"AUROC": measure("auroc", cells.y_true, y_prob, cells.photos)}
        for name, limit in limits.items():
            found = operating_figures(cells.y_true, y_prob >= limit, cells.photos, unit="photo")
            figures[f"sensitivity at {name}"] = found["sensitivity"]
            figures[f"false positives at {name}"] = false_positives(found["specificity"])
        about = f"{len(cells.pictures):,} cells of {site}, {who}"
        for what, figure in figures.items():
            if figure.value is not None:  # films without parasites have no sensitivity
                yield Row(f"{what}, {about}", "", shown(figure))
        if model.contract.gate is not None:
            beyond = (answer.outlier > model.contract.gate.threshold).mean()
            yield Row(f"beyond the outlier gate, {about}", "", f"{beyond:.1%}")


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", help="run folders or model files, or 'shipped'")
    parser.add_argument("--infected", type=Path, required=True, help="photographs and boxes")
    parser.add_argument("--free", type=Path, required=True, help="photographs and centre points")
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    infected, free = infected_cells(asked.infected), free_cells(asked.free)
    rows = [row for name in asked.models for row in lines(name, laveran.load(name), infected, free)]
    publish(rows, {"models": asked.models}, asked.out)


if __name__ == "__main__":
    main()
