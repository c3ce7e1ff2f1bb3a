"""Data sets of synthetic cells, in memory or as the homework's files.

Names follow NIH's pattern with an S for synthetic, `S001P01ThinF_IMG_20150101_000000_cell_1.png`,
so that patients and photographs are recognised as in the real set.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np

from laveran import files
from laveran.cells.drawing import Picture
from laveran.cells.drawing_parasites import draw_stage
from laveran.cells.manifest import Manifest
from laveran.cells.synthetic import MISLEADING_SHARE, Patient, draw_cell, draw_patient
from laveran.errors import ConfigError

CELLS_PER_PHOTO = 20
_NAME = re.compile(r"S\d{3,}P\d{2,}ThinF_IMG_\d{8}_\d{6}_cell_\d+(\.png|\.tif)?")
NOTICE = (
    "synthetic: every picture here was drawn by laveran.cells.synthetic; no patient, no diagnosis"
)


@dataclass(frozen=True, slots=True)
class SyntheticCell:
    """One cell of a synthetic data set.

    Attributes:
        name: File name in NIH's pattern.
        image: uint8 [H, W, 3] RGB on black.
        label: The label as published: 1 parasitized, 0 uninfected; wrong with label noise.
        patient: The part of the name that tells the patient.
        y_true: What was drawn: 1 parasitized, 0 uninfected.
        stage: The parasites' stage; None if uninfected.
    """

    name: str
    image: Picture
    label: int
    patient: str
    y_true: int
    stage: str | None


@dataclass(frozen=True, slots=True)
class Population:
    """How the patients of a synthetic data set are made.

    A patient's cells depend on these settings and the patient's number alone, so that any part
    of a data set may be drawn by itself.

    Attributes:
        cells_per_patient: Cells of each.
        seed: Another seed is another data set.
        controls: Share of patients without parasites.
        parasitized: Share of parasitized cells in every other patient; with the default of
            `controls` half of all cells, as in NIH's set.
        misleading: Share of cells, of either class, with a platelet, deposit, dirt or the like.
        label_noise: Chance of a published label to be wrong.

    Raises:
        ConfigError: If a number is negative or a share is not within 0..1.
    """

    cells_per_patient: int = 60
    seed: int = 0
    controls: float = 0.25
    parasitized: float = 2 / 3
    misleading: float = MISLEADING_SHARE
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        for setting in ("controls", "parasitized", "misleading", "label_noise"):
            share = getattr(self, setting)
            if not 0 <= share <= 1:
                raise ConfigError(f"{setting} is {share}; give a share between 0 and 1")
        if self.cells_per_patient < 1 or self.seed < 0:
            raise ConfigError("a patient has at least one cell, and a seed is not negative")

    def parasitized_cells(self, number: int) -> int:
        """How many cells of a patient are parasitized; none of a control's."""
        control = int(number * self.controls) > int((number - 1) * self.controls)
        return 0 if control else round(self.cells_per_patient * self.parasitized)


@dataclass(frozen=True, slots=True)
class Sitter:
    """A cell of a synthetic data set that is about to be drawn.

    Attributes:
        name: In NIH's pattern, without a suffix.
        patient: The part of the name that tells the patient.
        look: How the cells of this patient look at this place.
        stage: The parasites' stage; None if uninfected.
        rng: Source of chance for this cell.
        label_noise: Chance of its label to be wrong.
    """

    name: str
    patient: str
    look: Patient
    stage: str | None
    rng: np.random.Generator
    label_noise: float

    def label(self) -> int:
        """The label as published: 1 parasitized, 0 uninfected; ask once, after drawing."""
        return int(self.stage is not None) ^ int(self.rng.random() < self.label_noise)


@dataclass(frozen=True, slots=True)
class HomeworkFiles:
    """Where `write_cells` has put what."""

    train_data: Path
    train_labels: Path
    test_data: Path
    test_labels: Path
    sample_submission: Path


def draw_dataset(
    patients: Iterable[int], population: Population | None = None
) -> Iterator[SyntheticCell]:
    """Cells of many patients, one patient after the other.

    Args:
        patients: The patients' numbers, from 1.
        population: How they are made; `Population()` if None.

    Raises:
        ConfigError: If a patient's number is below 1.

    Example:
        >>> cells = list(draw_dataset([1, 2], Population(cells_per_patient=3, seed=5)))
        >>> cells[0].name, cells[-1].patient, len(cells)
        ('S001P01ThinF_IMG_20150102_000000_cell_1.png', 'S002P02', 6)
    """
    for sitter in draw_sitters(patients, population):
        drawn = draw_cell(sitter.rng, sitter.look, sitter.stage)
        yield SyntheticCell(
            name=f"{sitter.name}.png",
            image=drawn.image,
            label=sitter.label(),
            patient=sitter.patient,
            y_true=drawn.label,
            stage=drawn.stage,
        )


def draw_sitters(patients: Iterable[int], population: Population | None = None) -> Iterator[Sitter]:
    """What `draw_dataset` draws, before it is drawn.

    Raises:
        ConfigError: If a patient's number is below 1.
    """
    population = population or Population()
    for number in patients:
        if number < 1:
            raise ConfigError(f"patients are counted from 1, not {number}")
        yield from _sitters_of(number, population)


def _sitters_of(number: int, population: Population) -> Iterator[Sitter]:
    """All cells of one patient, the parasitized ones anywhere among them."""
    rng = np.random.default_rng([population.seed, number])
    patient = replace(draw_patient(rng), misleading=population.misleading)
    n_cells = population.cells_per_patient
    parasitized = rng.permutation(n_cells) < population.parasitized_cells(number)
    photo = patient
    for index in range(n_cells):
        if index % CELLS_PER_PHOTO == 0:
            photo = replace(patient, stain=patient.stain.vary(rng))
        cell_rng = np.random.default_rng([population.seed, number, index])
        yield Sitter(
            name=_name(number, index),
            patient=_patient(number),
            look=replace(photo, stain=photo.stain.vary(cell_rng, 0.4)),
            stage=draw_stage(cell_rng) if parasitized[index] else None,
            rng=cell_rng,
            label_noise=population.label_noise,
        )


def _patient(number: int) -> str:
    return f"S{number:03d}P{number:02d}"


def _name(number: int, index: int) -> str:
    day = date(2015, 1, 1) + timedelta(days=number)
    taken = f"{day:%Y%m%d}_{index // CELLS_PER_PHOTO:06d}"
    return f"{_patient(number)}ThinF_IMG_{taken}_cell_{index + 1}"


def write_cells(
    folder: Path | str,
    population: Population | None = None,
    *,
    train_patients: int = 20,
    test_patients: int = 4,
) -> HomeworkFiles:
    """Write a data set as the homework's files; the test patients are others.

    Train labels may be noisy, `test_labels.csv` holds the truth. Every PNG, both archives and
    `SYNTHETIC.txt` say that nothing here is real.

    Args:
        folder: Where to; made if missing. Existing files of these names are replaced.
        population: How the patients are made; `Population()` if None.
        train_patients: Patients in `train_data.zip`.
        test_patients: Patients in `test_data.zip`.

    Raises:
        ConfigError: If there are to be no patients.
        OutputError: If the folder cannot be written.
    """
    if min(train_patients, test_patients) < 1:
        raise ConfigError("a data set has at least one train and one test patient")
    folder, population = Path(folder), population or Population()
    train = draw_dataset(range(1, train_patients + 1), population)
    last = train_patients + test_patients
    test = draw_dataset(range(train_patients + 1, last + 1), replace(population, label_noise=0.0))
    written = HomeworkFiles(
        train_data=folder / "train_data.zip",
        train_labels=folder / "train_labels.csv",
        test_data=folder / "test_data.zip",
        test_labels=folder / "test_labels.csv",
        sample_submission=folder / "sample_submission.csv",
    )
    rng = np.random.default_rng([population.seed, 0])
    _write_labels(written.train_labels, rng, _write_archive(written.train_data, "train", train))
    rows = _write_archive(written.test_data, "test", test)
    _write_labels(written.test_labels, rng, rows)
    _write_labels(written.sample_submission, rng, [(name, 0) for name, _ in rows])
    files.write_text(folder / "SYNTHETIC.txt", NOTICE + "\n")
    return written


def is_synthetic(manifest: Manifest) -> bool:
    """Whether any cell of a manifest has the name of a synthetic one.

    Example:
        >>> from laveran.cells.manifest import Cell
        >>> name = "train/S001P01ThinF_IMG_20150102_000000_cell_1.png"
        >>> is_synthetic(Manifest((Cell(name, 1, "S001P01", None, 64, 64, "00", "x.zip"),)))
        True
    """
    return any(_NAME.fullmatch(name.rpartition("/")[2]) for name in manifest.names)


def encode_png(image: Picture) -> bytes:
    """A picture [H, W, 3] RGB as the bytes of a PNG whose text chunk says that it is synthetic.

    Example:
        >>> b"synthetic" in encode_png(np.zeros((4, 4, 3), np.uint8))
        True
    """
    _, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    png = encoded.tobytes()
    text = b"tEXtComment\0" + NOTICE.encode("latin-1")
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    head = 8 + 25  # signature and IHDR
    return png[:head] + chunk + png[head:]


def _write_archive(path: Path, part: str, cells: Iterable[SyntheticCell]) -> list[tuple[str, int]]:
    """Write a zip of cells under `part/` and return their names and labels."""
    rows = []
    with files.replacing(path) as scratch, zipfile.ZipFile(scratch, "w") as archive:
        archive.comment = NOTICE.encode()
        for cell in cells:
            archive.writestr(zipfile.ZipInfo(f"{part}/{cell.name}"), encode_png(cell.image))
            rows.append((cell.name, cell.label))
    return rows


def _write_labels(path: Path, rng: np.random.Generator, rows: Sequence[tuple[str, int]]) -> None:
    """Write `img_name,label` in a random order, as the homework's tables are."""
    shuffled = (rows[index] for index in rng.permutation(len(rows)))
    files.write_csv(path, ("img_name", "label"), shuffled)
