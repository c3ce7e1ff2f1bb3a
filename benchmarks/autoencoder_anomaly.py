"""How well an autoencoder's scores tell what is no red cell from cells of unseen patients.

Example: python benchmarks/autoencoder_anomaly.py test_data.zip --model vae --out anomaly.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from laveran.cells.crop import letterbox
from laveran.study.autoencoder.codec import Autoencoder
from laveran.study.example_cells import example_cells
from outlier_gate import background, debris, drawn, natural_picture, platelet, white_cell
from results import Row, publish

CELLS, EACH = 1000, 200


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="cells of patients that the autoencoder never saw")
    parser.add_argument("--model", type=Path, required=True, help="folder of the autoencoder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    fitted, rng = Autoencoder.load(asked.model), np.random.default_rng(asked.seed)
    size_px = fitted.network.spec.size_px
    seen = example_cells(asked.data, CELLS, size_px=size_px, seed=asked.seed)
    kinds = {
        draw.__name__: [drawn(draw, rng) for _ in range(EACH)]
        for draw in (platelet, white_cell, debris, background)
    }
    kinds["natural picture"] = [natural_picture(rng) for _ in range(EACH)]
    rows = []
    for kind, pictures in kinds.items():
        other = np.stack([letterbox(picture, size_px) for picture in pictures])
        truth = np.repeat([0, 1], [len(seen), len(other)])
        worst, bound = (
            roc_auc_score(truth, np.concatenate([score(seen), score(other)]))
            for score in (fitted.anomaly, fitted.negative_bound)
        )
        found = f"{worst:.3f} by the worst spot, {bound:.3f} by the negative bound"
        rows.append(Row(f"AUROC against {kind.replace('_', ' ')}", "", found))
    publish(rows, {"model": str(asked.model), "seed": asked.seed, "each": EACH}, asked.out)


if __name__ == "__main__":
    main()
