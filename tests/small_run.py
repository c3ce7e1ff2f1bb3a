"""A recipe that is done in a moment, and the drawn cells to train it on."""

from pathlib import Path

import torch

from laveran.cells.synthetic_dataset import HomeworkFiles, Population, write_cells
from laveran.networks.stack import plain
from laveran.training import Augmentation, Recipe

torch.set_num_threads(1)  # small networks are fastest so

TINY = Recipe(
    name="tiny",
    network=plain((4, 8), per_stage=1, dropout=0.1),
    size_px=16,
    epochs=2,
    batch_size=16,
    learning_rate=0.01,
    augmentation=Augmentation(rotate_degrees=20, stain=0.1, blur=0.3),
)
POPULATION = Population(cells_per_patient=10, seed=3)
TRAIN_PATIENTS = 12


def draw(folder: Path, test_patients: int) -> HomeworkFiles:
    """The homework's files with drawn cells of 12 patients and some to test on."""
    return write_cells(
        folder, POPULATION, train_patients=TRAIN_PATIENTS, test_patients=test_patients
    )
