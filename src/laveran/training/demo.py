"""The whole homework on drawn cells: what a user without any data tries first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from laveran.cells.labels import read_truth
from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.metrics import Leaderboard, score
from laveran.model.prediction import Prediction, Watch, predict
from laveran.training.folder import RunFolder
from laveran.training.recipe import Recipe
from laveran.training.train import Run, train

TRAIN_PATIENTS, TEST_PATIENTS, CELLS_PER_PATIENT = 36, 8, 60
SPECIES = "none: drawn after P. falciparum"


@dataclass(frozen=True)
class Demo:
    """What `demo` left.

    Attributes:
        run: The training.
        prediction: The prediction for the test cells.
        submission: Where it is.
        leaderboard: Its score; the truth is known, since the cells are drawn.
    """

    run: Run
    prediction: Prediction
    submission: Path
    leaderboard: Leaderboard


def demo(
    out: Path | str,
    *,
    recipe: str | Recipe = "fast",
    seed: int = 0,
    train_patients: int = TRAIN_PATIENTS,
    watch: Watch | None = None,
) -> Demo:
    """Draw cells, train on them, predict others, score the prediction.

    Args:
        out: Folder to write: `data/`, `run/`, `submission.csv`.
        recipe: As for `train`.
        seed: Of the drawn cells and of the training.
        train_patients: How many patients to draw for training.
        watch: Called with (stage, done, total, live figures).

    Raises:
        ConfigError: If `out` holds something already.
    """
    folder = Path(out)
    RunFolder(folder).check_free(resume=False)
    homework = write_cells(
        folder / "data",
        Population(cells_per_patient=CELLS_PER_PATIENT, seed=seed),
        train_patients=train_patients,
        test_patients=TEST_PATIENTS,
    )
    run = train(
        homework.train_data,
        homework.train_labels,
        out=folder / "run",
        recipe=recipe,
        seed=seed,
        species=SPECIES,
        watch=watch,
    )
    submission = folder / "submission.csv"
    prediction = predict(
        homework.test_data,
        model=run.folder,
        out=submission,
        like=homework.sample_submission,
        watch=watch,
    )
    board = score(read_truth(submission), read_truth(homework.test_labels))
    return Demo(run, prediction, submission, board)
