"""Pictures and scores out of a finished autoencoder, for the user's own cells."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from laveran import files
from laveran.cells.crop import letterbox
from laveran.cells.reading import read_cells
from laveran.cells.skipped import write_skipped
from laveran.errors import ConfigError
from laveran.model.prediction import Watch
from laveran.study.autoencoder.codec import Autoencoder
from laveran.study.autoencoder.loop import Pictures
from laveran.study.montage import montage

STEPS, COLUMNS, TILE_PX = 8, 8, 96
REBUILT = 16  # of the strangest cells, shown beside what comes back of them


def show_autoencoder(
    folder: Path | str,
    *,
    out: Path | str,
    sample: int = 0,
    interpolate: tuple[Path, Path] | None = None,
    anomaly: Path | str | None = None,
    steps: int = STEPS,
    seed: int = 0,
    watch: Watch | None = None,
) -> list[Path]:
    """Write what is asked of the autoencoder in `folder`.

    Args:
        folder: Of a finished study, or where `Autoencoder.save` wrote.
        out: The folder to write to.
        sample: How many new cells to draw, for `samples.png`.
        interpolate: Two pictures of cells, for `interpolation.png`.
        anomaly: Zip or folder of cells to score, for `anomaly.csv` (the strangest first),
            `strangest.png` (each beside what comes back of it) and `skipped.csv`.
        steps: Of the interpolation.
        seed: Of the new cells.
        watch: Called with ("read cells", done, total, {}).

    Returns:
        The files.

    Raises:
        ConfigError: If nothing is asked.
        ModelError: If `folder` holds no autoencoder.
        DataError: If a picture or the data cannot be read.
    """
    if not (sample or interpolate or anomaly):
        raise ConfigError("nothing is asked; give --sample, --interpolate or --anomaly")
    fitted, out = Autoencoder.load(folder), Path(out)
    ends = [_read(path, fitted)[1][0] for path in interpolate or ()]  # before anything is written
    written: list[Path] = []
    if sample:
        cells = fitted.sample(sample, seed)
        written.append(_write_png(out / "samples.png", montage(list(cells), COLUMNS, TILE_PX)))
    if ends:
        first, second = ends
        way = fitted.interpolate(first, second, steps)
        written.append(_write_png(out / "interpolation.png", montage(list(way), steps, TILE_PX)))
    if anomaly:
        written += _write_anomaly(fitted, anomaly, out, watch)
    return written


def _write_anomaly(
    fitted: Autoencoder, data: Path | str, out: Path, watch: Watch | None
) -> list[Path]:
    """Scores of all cells, and a look at the strangest."""
    names, pictures = _read(data, fitted, out / "skipped.csv", watch)
    scores = fitted.anomaly(pictures)
    order = np.argsort(scores)[::-1]
    rows = ((names[place], f"{scores[place]:.3f}") for place in order.tolist())
    files.write_csv(out / "anomaly.csv", ("name", "anomaly"), rows)
    strangest = pictures[order[:REBUILT]]
    pairs = np.stack([strangest, fitted.reconstruct(strangest)], axis=1)  # [n, 2, S, S, 3]
    sheet = montage(list(pairs.reshape(-1, *pairs.shape[2:])), COLUMNS, TILE_PX)
    return [out / "anomaly.csv", _write_png(out / "strangest.png", sheet), out / "skipped.csv"]


def _read(
    data: Path | str, fitted: Autoencoder, skipped: Path | None = None, watch: Watch | None = None
) -> tuple[list[str], Pictures]:
    """Names and pictures of cells at the autoencoder's size."""
    side_px, pictures = fitted.network.spec.size_px, list[NDArray[np.uint8]]()
    reading = read_cells(
        data,
        transform=lambda image: letterbox(image, side_px),
        on_picture=lambda _, picture: pictures.append(picture),
        progress=lambda done, total: watch("read cells", done, total, {}) if watch else None,
    )
    if skipped:
        write_skipped(skipped, reading.skipped)
    return list(reading.manifest.names), np.stack(pictures)


def _write_png(path: Path, picture: NDArray[np.uint8]) -> Path:
    """Write `picture` RGB uint8 [H, W, 3] to `path`."""
    encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]
    with files.replacing(path) as scratch:
        scratch.write_bytes(encoded.tobytes())
    return path
