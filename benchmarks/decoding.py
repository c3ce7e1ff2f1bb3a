"""The floor of `predict`: read a zip and decode its PNGs with OpenCV, and nothing else.

Prints the seconds that it took without the start of Python and the imports.

Example: python benchmarks/decoding.py cells.zip --workers 2
"""

from __future__ import annotations

import argparse
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np

CHUNK = 64  # names handed to a thread at once, so that the pool's own cost does not count


def decode_all(path: Path, workers: int) -> int:
    """Decode every picture of the zip at `path` in `workers` threads; how many there were."""
    cv2.setNumThreads(1)
    with zipfile.ZipFile(path) as archive, ThreadPoolExecutor(workers) as pool:
        names = archive.namelist()
        chunks = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
        return sum(pool.map(partial(_decode, archive), chunks))


def _decode(archive: zipfile.ZipFile, names: list[str]) -> int:
    """Decode pictures one by one; how many."""
    for name in names:
        data = np.frombuffer(archive.read(name), np.uint8)
        if cv2.imdecode(data, cv2.IMREAD_COLOR) is None:
            raise SystemExit(f"OpenCV cannot decode {name}")
    return len(names)


def main() -> None:
    """Decode a zip and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    started = time.perf_counter()
    decode_all(asked.archive, asked.workers)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()
