"""How well the outlier gate tells what is no red cell from cells of unseen patients.

Example: python benchmarks/outlier_gate.py test_data.zip --model runs/fast --out gate.json
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data as natural
from sklearn.metrics import roc_auc_score

import laveran
from laveran.cells.drawing import Canvas, draw_stain, ellipse, lobed
from laveran.cells.drawing_blood import (
    Body,
    paint_deposit,
    paint_platelet,
    paint_white_cell,
    platelet_outline,
)
from laveran.cells.reading import read_cells
from results import Row, publish

RED_CELL_PX = 62.0  # radius in NIH's photographs
SIDE_PX = 190
EACH = 300
ASKED = 0.97
NATURAL = ("astronaut", "chelsea", "coffee", "rocket", "camera", "brick", "grass", "gravel", "moon")

Picture = NDArray[np.uint8]
Draw = Callable[[np.random.Generator, Canvas], None]


def platelet(rng: np.random.Generator, canvas: Canvas) -> None:
    """A platelet without a red cell."""
    middle, size = SIDE_PX / 2, RED_CELL_PX * rng.uniform(0.16, 0.35)
    paint_platelet(rng, canvas, Body(middle, middle, size, platelet_outline(rng)))


def white_cell(rng: np.random.Generator, canvas: Canvas) -> None:
    """A white cell."""
    middle, size = SIDE_PX / 2, RED_CELL_PX * rng.uniform(1.1, 1.45)
    outline = ellipse(rng.uniform(1, 1.2), rng.uniform(0, np.pi)) * lobed(rng, 0.05)
    paint_white_cell(rng, canvas, Body(middle, middle, size, outline))


def debris(rng: np.random.Generator, canvas: Canvas) -> None:
    """Stain deposit without a red cell."""
    about = Body(SIDE_PX / 2, SIDE_PX / 2, 0.6 * RED_CELL_PX, ellipse())
    for _ in range(int(rng.integers(1, 5))):
        where = about.somewhere(rng, 0.0, 1.0)
        paint_deposit(rng, canvas, *where, RED_CELL_PX * rng.uniform(0.1, 0.4))


def background(_rng: np.random.Generator, _canvas: Canvas) -> None:
    """Nothing at all."""


def drawn(draw: Draw, rng: np.random.Generator) -> Picture:
    """A picture of what `draw` lays on a film: cut out on black, or as a box, or a tile."""
    canvas = Canvas(SIDE_PX, SIDE_PX)
    draw(rng, canvas)
    image = np.maximum(canvas.develop(draw_stain(rng).vary(rng), rng), 1)
    ink = cv2.GaussianBlur(canvas.density[:4].sum(0), (0, 0), 2)
    count, labels, facts, _ = cv2.connectedComponentsWithStats((ink > 0.06).astype(np.uint8))
    if count == 1:
        height, width = rng.integers(60, 150, 2)
        return image[:height, :width]
    largest = labels == 1 + facts[1:, cv2.CC_STAT_AREA].argmax()
    if rng.random() < 0.5:
        image[~largest] = 0
    rows, columns = np.where(largest)
    return image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def natural_picture(rng: np.random.Generator) -> Picture:
    """A square out of a photograph of something else."""
    image = getattr(natural, str(rng.choice(NATURAL)))()
    colour = image if image.ndim == 3 else np.repeat(image[..., np.newaxis], 3, axis=2)
    side = int(rng.integers(60, min(*colour.shape[:2], 300)))
    top, left = (int(rng.integers(0, size - side + 1)) for size in colour.shape[:2])
    return np.ascontiguousarray(colour[top : top + side, left : left + side, :3])


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="cells of patients that the model never saw")
    parser.add_argument("--model", type=Path, help="run folder or model file; else the shipped")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    model, rng = laveran.load(asked.model), np.random.default_rng(asked.seed)
    cells: list[Picture] = []
    read_cells(asked.data, transform=model.prepare, on_picture=lambda _, cell: cells.append(cell))
    seen = model.answer(np.stack(cells)).outlier
    kinds = {
        draw.__name__: [drawn(draw, rng) for _ in range(EACH)]
        for draw in (platelet, white_cell, debris, background)
    }
    kinds["natural picture"] = [natural_picture(rng) for _ in range(EACH)]
    threshold = model.contract.gate.threshold
    rows = [Row("cells of unseen patients kept", "99%", f"{(seen <= threshold).mean():.1%}")]
    for kind, pictures in kinds.items():
        apart = model.answer(np.stack([model.prepare(picture) for picture in pictures])).outlier
        truth = np.repeat([0, 1], [len(seen), len(apart)])
        auroc = roc_auc_score(truth, np.concatenate([seen, apart]))
        shut = f"{auroc:.3f}, {(apart > threshold).mean():.0%} shut out"
        rows.append(Row(f"AUROC against {kind.replace('_', ' ')}", f"{ASKED}", shut))
    publish(rows, {"model": str(asked.model), "seed": asked.seed, "each": EACH}, asked.out)


if __name__ == "__main__":
    main()
