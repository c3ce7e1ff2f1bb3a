"""Put a finished run into the package as the shipped model, and write its card.

python tools/ship.py runs/student
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from laveran.model.card import card
from laveran.model.runtime import SHIPPED, load

FILES = ("model.onnx", "weights.safetensors", "gate.safetensors", "network.json")
CARD = Path(__file__).parent.parent / "docs" / "model-card.md"
MOST_BYTES = 2_000_000


def main(run: Path) -> None:
    """Copy the model of `run` and write the card from what the file says of itself."""
    model = load(run)
    contract, size = model.contract, (run / "model.onnx").stat().st_size
    for wrong, why in (
        (size > MOST_BYTES, f"it has {size:,} bytes; {MOST_BYTES:,} are allowed"),
        (contract.training.synthetic, "it was trained on drawn cells"),
        (contract.optimistic, "its figures are optimistic"),
        (contract.members > 1, "it is an ensemble"),
        ("not stated" in (contract.licence, contract.training.species), "state species, licence"),
    ):
        if wrong:
            sys.exit(f"{run} is not to be shipped: {why}")
    SHIPPED.mkdir(exist_ok=True)
    for name in FILES:
        shutil.copyfile(run / name, SHIPPED / name)
    CARD.write_text(card(model.contract, size), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
