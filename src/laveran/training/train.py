"""From labelled cells to a run folder, by the rule of evidence.

No patient whose cells served for fitting, early stopping, temperature or thresholds
is in a figure that is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import tomli_w
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from numpy.typing import NDArray

import laveran
from laveran.cells.consensus import consensus
from laveran.cells.readings import read_tables
from laveran.cells.skipped import Skipped, write_skipped
from laveran.cells.splits import Unit, split
from laveran.cells.splits import folds as assign_folds
from laveran.errors import ConfigError
from laveran.metrics import Evaluation, Figure
from laveran.model.prediction import Watch
from laveran.networks.conv3d import Conv3dSpec
from laveran.networks.gate import load as load_gates
from laveran.networks.network import Network, build, load_start
from laveran.networks.network import load as load_network
from laveran.training.batches import score
from laveran.training.calibration import Calibration, calibrate
from laveran.training.feed import prepare_cells, require_labels
from laveran.training.finding import Finding, Scored, called_by_others, read_scored
from laveran.training.folder import RunFolder
from laveran.training.gate import fit_gate, outlier_threshold
from laveran.training.job import Job
from laveran.training.loop import Fit, Progress, fit
from laveran.training.publish import Product, publish
from laveran.training.recipe import Recipe, load_recipe
from laveran.training.teachers import read_teacher, require_same_division

VALID_SHARE = 0.12  # of the cells: for early stopping, temperature and thresholds
TEST_SHARE = 0.2  # of the cells: for the figures
PRECISIONS = {"fp32": "no", "bf16": "bf16", "fp16": "fp16"}


@dataclass(frozen=True)
class Run:
    """A finished training.

    Attributes:
        folder: Where everything is.
        evaluation: The figures on patients never seen.
        protocol: How they were got, in one sentence.
        skipped: What was left out of the data.
        notes: What the user must know, a sentence each.
        reread: The figures on cells drawn at random that all readers agreed on; none without.
        operating_points: By name, what each of them does (`laveran.metrics.operating_figures`);
            the first is the model's default.
    """

    folder: Path
    evaluation: Evaluation
    protocol: str
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]
    reread: dict[str, int | Figure] = field(default_factory=dict)
    operating_points: dict[str, dict[str, Figure]] = field(default_factory=dict)

    @property
    def operating_point(self) -> str:
        """Where the figures of `evaluation` are called: the model's default."""
        return next(iter(self.operating_points))


def train(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    recipe: str | Recipe = "balanced",
    folds: int = 0,
    epochs: int | None = None,
    seed: int = 0,
    ensemble: bool = False,
    teachers: Sequence[Path | str] = (),
    readings: Sequence[Path | str] = (),
    key: Path | str | None = None,
    resume: bool = False,
    patients: Sequence[Path | str] = (),
    by: Unit = "patient",
    species: str = "not stated",
    licence: str = "not stated",
    watch: Watch | None = None,
) -> Run:
    """Train a network and measure it on patients that it never saw.

    Without folds, patients are divided into train, valid and test. With K folds that
    is done K times, so that every cell is scored once by a network that never saw its
    patient, and called at thresholds from the other folds; the network that is kept is then
    fitted on all patients, for as many epochs as the folds chose, with temperature and
    thresholds from all folds.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of names and labels; None where folders are the classes.
        out: The run folder to write.
        recipe: A shipped recipe's name, the path of a TOML file, or a recipe.
        folds: How many, at least 2; 0 for one division.
        epochs: Instead of the recipe's.
        seed: Decides division, first weights, order and augmentation.
        ensemble: Keep the networks of all folds, whose average is the model, instead of
            fitting one on all patients.
        teachers: Run folders to learn from beside the labels (distillation), trained with the
            same data, folds and seed; how much, the recipe says (`teacher_share`). Cells of
            control patients keep their label: there is no parasite to have an opinion on.
        readings: Tables of cells that people have read again, one a reader, by names, or by ids
            and a `key`: what they say is learned instead of the label (`cells.consensus`). The
            figures stay those on the labels as published. The recipe's own means against wrong
            labels, `trimmed_share` and `mislabelled`, are off then.
        key: The key of the page that the readings are from.
        resume: Go on with a run that was stopped.
        patients: Tables of names and patients.
        by: What a division keeps whole; anything but "patient" makes figures optimistic.
        species: For the model file: what the cells are infected with.
        licence: For the model file: of the weights.
        watch: Called with (stage, done, total, live figures).

    Raises:
        DataError: If the data cannot be used.
        ConfigError: If the recipe cannot work, `out` is taken, or a teacher may have seen
            patients that are to be scored.
        ModelError: If a teacher is no finished run.

    Example:
        >>> from laveran.training import train
        >>> run = train("train_data.zip", "train_labels.csv", out="runs/first")  # doctest: +SKIP
        >>> run.evaluation.accuracy  # doctest: +SKIP
        Figure(value=0.958, low=0.949, high=0.966)
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    chosen = chosen.replace(epochs=epochs)
    if isinstance(chosen.network, Conv3dSpec):
        raise ConfigError(
            f"the recipe {chosen.name} is for focus stacks, which `laveran study focus` trains on"
        )
    if folds < 0 or folds == 1:
        raise ConfigError(f"{folds} folds leave nothing to train on; ask for 0, or 2 and more")
    if ensemble and not folds:
        raise ConfigError("an ensemble is made of the networks of folds; ask for 2 and more")
    tables = read_tables(readings, key)
    if tables:  # they know what the recipe only guesses
        chosen = chosen.replace(trimmed_share=0, mislabelled=0)
    if seed < 0:
        raise ConfigError(f"the seed is {seed}; it must not be negative")
    folder = RunFolder(Path(out))
    accelerator = accelerator_for(chosen)
    if accelerator.is_main_process:
        folder.check_free(resume=resume)
    else:
        watch = None
    with accelerator.main_process_first():
        feed = prepare_cells(
            data, labels, patients=patients, crop=chosen.crop, size_px=chosen.size_px, watch=watch
        )
        taught_by = tuple(read_teacher(path, data, labels, patients, watch) for path in teachers)
    require_labels(feed, data)
    read = consensus(feed.manifest, tables) if tables else None
    job = Job(feed, chosen, seed, by, species, licence, accelerator, watch, taught_by, read)
    config = _config(job, data, labels, folds, ensemble=ensemble)
    require_same_division(taught_by, config["run"])
    fits, unit = _divided(job, folds)
    start_network(chosen)  # what cannot be built is found out before anything is written
    if job.writes:
        folder.claim(tomli_w.dumps(config))
        write_skipped(folder.skipped, feed.skipped)
    accelerator.wait_for_everyone()
    if folds:
        finding = _cross_validate(job, folder, fits, unit, ensemble=ensemble)
    else:
        finding = Finding.of(job, [fit_division(job, folder, fits[0], unit, "fit")], unit)
    return Run(
        folder.path,
        finding.evaluation,
        finding.protocol,
        feed.skipped,
        tuple(finding.notes),
        finding.reread_figures,
        finding.operating_figures,
    )


def accelerator_for(recipe: Recipe) -> Accelerator:
    """Device, precision and processes."""
    AcceleratorState._reset_state()  # it would hold on to the precision of an earlier training
    # without cpu=True, accelerate takes torchrun's processes for strangers that train alone
    without_device = not torch.accelerator.is_available()
    return Accelerator(cpu=without_device, mixed_precision=PRECISIONS[recipe.precision])


def _config(
    job: Job, data: Path | str, labels: Path | str | None, folds: int, *, ensemble: bool
) -> dict[str, Any]:
    """What decides a run: two runs of one config are one run."""
    run = {
        "data": str(data),
        "labels": str(labels or ""),
        "data_sha256": job.feed.manifest.checksum,
        "folds": folds,
        "ensemble": ensemble,
        "teachers": [teacher.checksum for teacher in job.teachers],
        "readings": job.readings.checksum if job.readings else "",
        "seed": job.seed,
        "by": job.by,
        "species": job.species,
        "licence": job.licence,
        "laveran": laveran.__version__,
        "torch": torch.__version__,
    }
    return {"run": run, "recipe": job.recipe.model_dump(mode="json")}


def _divided(job: Job, folds: int) -> tuple[list[NDArray[np.str_]], str]:
    """The part of each cell in each fit, and what was kept whole.

    Raises:
        SplitError: If there are too few patients for one of the fits.
    """
    manifest = job.feed.manifest
    if not folds:
        once = split(manifest, VALID_SHARE, TEST_SHARE, seed=job.seed, by=job.by)
        return [once.parts], once.unit
    division = assign_folds(manifest, folds, seed=job.seed, by=job.by)
    return [parts_of_fold(job, division.parts == k, k) for k in range(folds)], division.unit


def _cross_validate(
    job: Job, folder: RunFolder, fits: Sequence[NDArray[np.str_]], unit: str, *, ensemble: bool
) -> Finding:
    """Score every cell by a network that never saw its patient; then keep all, or fit one more."""
    scored = [
        fit_division(job.asking(number), folder.fold(number), parts, unit, f"fold {number}")
        for number, parts in enumerate(fits)
    ]
    called = called_by_others(scored, job.placing)
    finding = Finding.of(job, called, unit, folds=len(fits), ensemble=ensemble)
    job.accelerator.wait_for_everyone()  # so that all of them find the run finished, or none
    if folder.read_metrics() is not None:
        return finding
    calibration = calibrate(
        np.concatenate([each.raw_logit for each in scored]),
        finding.predictions.y_true,
        job.truth[job.feed.manifest.places(finding.predictions.names)],
        np.array(finding.predictions.patients),
        job.placing,
        job.recipe.mislabelled,
    )
    if ensemble:
        product = _all_members(finding, calibration)
    else:
        product = _fit_on_all(job.asking(*range(len(fits))), folder, finding, calibration)
    names = [f"fold {number}" for number in range(len(fits))]
    scored_in = np.select([parts == "test" for parts in fits], names, "")
    publish(job, folder, product, scored_in, finding)
    return finding


def _all_members(finding: Finding, calibration: Calibration) -> Product:
    """The networks of all folds."""
    folders = [each.folder.path for each in finding.scored]
    return Product(
        [load_network(path) for path in folders],
        [gate for path in folders for gate in load_gates(path)],
        median(each.outlier_threshold for each in finding.scored),
        calibration,
        finding.history(),
        round(median(each.best_epoch for each in finding.scored)),
    )


def _fit_on_all(job: Job, folder: RunFolder, finding: Finding, calibration: Calibration) -> Product:
    """One network fitted on all patients, for as many epochs as the folds chose."""
    everything = np.ones(len(job.labels), dtype=bool)
    job = job.lasting(round(median(each.best_epoch for each in finding.scored)))
    fitted = fit_parts(job, folder, everything, None, "fit on all")
    seen = score(fitted.network, job.cells(everything), job.accelerator.device)
    return Product(
        [fitted.network],
        [fit_gate(seen.embedding, job.seed)],
        median(each.outlier_threshold for each in finding.scored),
        calibration,
        fitted.history,
        fitted.best_epoch,
    )


def parts_of_fold(job: Job, test: NDArray[np.bool_], fold: int) -> NDArray[np.str_]:
    """The part of each cell in one fold: `test`, and the rest divided into train and valid."""
    rest = np.flatnonzero(~test)
    manifest = job.feed.manifest.select(rest)
    inner = split(manifest, VALID_SHARE, 0, seed=job.seed + fold + 1, by=job.by)
    parts = np.full(len(test), "test", dtype="<U5")
    parts[rest] = inner.parts
    return parts


def fit_division(
    job: Job, folder: RunFolder, parts: NDArray[np.str_], unit: str, stage: str
) -> Scored:
    """Fit on "train", stop and calibrate on "valid", score and publish "test"."""
    scored = read_scored(folder)
    if scored is not None:
        return scored
    train_part, valid_part, test_part = (parts == name for name in ("train", "valid", "test"))
    fitted = fit_parts(job, folder, train_part, valid_part, stage)
    seen, valid, test = (
        score(fitted.network, job.cells(part), job.accelerator.device)
        for part in (train_part, valid_part, test_part)
    )
    gate = fit_gate(seen.embedding, job.seed)
    threshold = outlier_threshold(gate, valid.embedding)
    calibration = calibrate(
        valid.logit,
        job.labels[valid_part],
        job.truth[valid_part],
        job.groups[valid_part],
        job.placing,
        job.recipe.mislabelled,
    )
    predictions = calibration.apply(
        job.feed.manifest.select(np.flatnonzero(test_part)).names,
        job.groups[test_part],
        job.labels[test_part],
        test.logit,
    )
    scored = Scored(
        folder,
        predictions,
        calibration.temperature,
        threshold,
        fitted.best_epoch,
        fitted.history,
    )
    product = Product(
        [fitted.network], [gate], threshold, calibration, fitted.history, fitted.best_epoch
    )
    publish(job, folder, product, parts, Finding.of(job, [scored], unit))
    return scored


def fit_parts(
    job: Job,
    folder: RunFolder,
    train_part: NDArray[np.bool_],
    valid_part: NDArray[np.bool_] | None,
    stage: str,
) -> Fit:
    """Build a network, give it its start weights, fit it; go on from a checkpoint."""
    torch.manual_seed(job.seed)
    return fit(
        start_network(job.recipe),
        job.cells(train_part),
        job.cells(valid_part) if valid_part is not None else None,
        job.recipe,
        seed=job.seed,
        checkpoint=folder.checkpoint,
        accelerator=job.accelerator,
        report=_reporter(job.watch, stage),
    )


def start_network(recipe: Recipe) -> Network:
    """The network of a recipe, with the weights that it starts from.

    Raises:
        ConfigError: If it cannot be built, or those weights are not to be had.
    """
    network = build(recipe.network, recipe.size_px)
    load_start(network, recipe.network)
    return network


def _reporter(watch: Watch | None, stage: str) -> Callable[[Progress], None] | None:
    """The loop's progress in the form that a progress bar takes."""
    if watch is None:
        return None

    def report(progress: Progress) -> None:
        figures = {"loss": progress.train_loss}
        if progress.valid_accuracy is not None:
            figures["valid accuracy"] = progress.valid_accuracy
        watch(stage, progress.step, progress.steps, figures)

    return report
