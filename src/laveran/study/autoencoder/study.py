"""A study of an autoencoder: fitted on some patients, looked at and measured on others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from laveran import files
from laveran.cells.manifest import CLASSES
from laveran.errors import ConfigError
from laveran.model.prediction import Watch
from laveran.report.autoencoder_page import render
from laveran.study.autoencoder.codec import EPOCHS, LATENT, train_autoencoder
from laveran.study.autoencoder.outcome import AutoencoderStudy, measured
from laveran.study.autoencoder.sights import sights
from laveran.study.sample import CELLS, SIZE_PX, draw_sample

CHECKPOINT = "checkpoint.safetensors"


def study_autoencoder(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    variational: bool = False,
    latent: int = LATENT,
    epochs: int = EPOCHS,
    beta: float = 1.0,
    uninfected_only: bool = False,
    cells: int | None = CELLS,
    size_px: int = SIZE_PX,
    patients: Sequence[Path | str] = (),
    seed: int = 0,
    resume: bool = False,
    watch: Watch | None = None,
) -> AutoencoderStudy:
    """Fit an autoencoder to cells of some patients, measure it on others, write all of it.

    `out` then holds `weights.safetensors` and `autoencoder.json` (the network), `history.csv`,
    `metrics.json`, `codes.csv`, the page `autoencoder.html`, and the checkpoint of the fit.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of labels; None where folders are the classes. The fit does not see them.
        out: The folder to write.
        variational: See `train_autoencoder`, as `latent`, `epochs` and `beta`.
        latent: Numbers in a code.
        epochs: Passes over the cells.
        beta: Weight of the divergence.
        uninfected_only: Learn from uninfected cells alone, so that parasites are news.
        cells: How many to draw; None takes all.
        size_px: Side of the prepared cells.
        patients: Tables of patients.
        seed: Of the draw, the division and the fit.
        resume: Go on with a fit that was stopped; at most an epoch of it is lost.
        watch: Called with what is being done, done, total, figures.

    Raises:
        DataError: If the data cannot be used.
        ConfigError: If `out` holds a fit already, or the settings cannot work.
        ModelError: If the fit to go on with is another one.
    """
    folder = Path(out)
    _check_free(folder, resume=resume)
    sample = draw_sample(
        data, labels, cells=cells, size_px=size_px, patients=patients, seed=seed, watch=watch
    )
    is_train = ~sample.is_test & ((sample.labels == 0) | (not uninfected_only))
    fitted = train_autoencoder(
        sample.pictures[is_train],
        variational=variational,
        latent=latent,
        epochs=epochs,
        seed=seed,
        beta=beta,
        test=sample.pictures[sample.is_test],
        checkpoint=folder / CHECKPOINT,
        watch=watch,
    )
    codes, anomaly = fitted.encode(sample.pictures), fitted.anomaly(sample.pictures)
    figures = measured(fitted, sample, is_train, codes, anomaly)
    study = AutoencoderStudy(
        folder, fitted, sample, uninfected_only, is_train, codes, anomaly, figures
    )
    _write(study)
    return study


def _check_free(folder: Path, *, resume: bool) -> None:
    """Refuse a folder that holds something else, such as a run, or a fit nobody asked to resume."""
    if (folder / CHECKPOINT).exists():
        if resume:
            return
        raise ConfigError(
            f"{folder} holds an autoencoder already; go on with it by --resume, "
            f"or choose another --out"
        )
    if folder.exists() and not (folder.is_dir() and not any(folder.glob("[!.]*"))):
        raise ConfigError(f"{folder} is in use by something else; choose another --out")


def _write(study: AutoencoderStudy) -> None:
    """All files of the folder but the checkpoint."""
    folder, history = study.folder, study.fitted.history
    study.fitted.save(folder)
    files.write_csv(folder / "history.csv", history[0], (row.values() for row in history))
    _write_codes(study)
    files.write_text(folder / "autoencoder.html", render(sights(study)))
    files.write_text(folder / "metrics.json", json.dumps(study.to_json(), indent=2) + "\n")


def _write_codes(study: AutoencoderStudy) -> None:
    """A row a cell: who it is, its part, its anomaly and its code."""
    numbers = [f"code_{number}" for number in range(study.codes.shape[1])]
    parts = np.where(study.sample.is_test, "test", np.where(study.is_train, "train", "left out"))
    rows = (
        (cell.name, cell.patient, CLASSES[cell.label or 0], part, f"{score:.3f}", *code)
        for cell, part, score, code in zip(
            study.sample.manifest,
            parts.tolist(),
            study.anomaly.tolist(),
            np.char.mod("%.5f", study.codes).tolist(),
            strict=True,
        )
    )
    header = ("name", "patient", "label", "part", "anomaly", *numbers)
    files.write_csv(study.folder / "codes.csv", header, rows)
