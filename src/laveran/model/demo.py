"""The homework on drawn cells, read with the shipped model: what needs no torch of `demo`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from laveran.cells.labels import read_truth
from laveran.cells.synthetic_dataset import HomeworkFiles, Population, write_cells
from laveran.errors import ConfigError
from laveran.metrics import Leaderboard, score
from laveran.model.prediction import Prediction, Watch, predict
from laveran.model.runtime import Model, load

TRAIN_PATIENTS, TEST_PATIENTS, CELLS_PER_PATIENT = 36, 8, 60


@dataclass(frozen=True)
class DrawnTest:
    """A prediction for the drawn test cells.

    Attributes:
        prediction: What was predicted.
        submission: Where it is.
        leaderboard: Its score; the truth is known, since the cells are drawn.
    """

    prediction: Prediction
    submission: Path
    leaderboard: Leaderboard


def demo(out: Path | str, *, seed: int = 0, watch: Watch | None = None) -> DrawnTest:
    """Draw cells, predict them with the shipped model, score the prediction.

    Args:
        out: Folder to write: `data/`, `submission.csv`.
        seed: Of the drawn cells.
        watch: Called with (stage, done, total, live figures).

    Raises:
        ConfigError: If `out` holds something already.
    """
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is in use already; choose another --out")
    model = load()
    return predict_drawn(draw_homework(folder, seed), folder, model, watch)


def draw_homework(folder: Path, seed: int, train_patients: int = TRAIN_PATIENTS) -> HomeworkFiles:
    """The homework's files with drawn cells, in `folder`/data."""
    population = Population(cells_per_patient=CELLS_PER_PATIENT, seed=seed)
    patients = {"train_patients": train_patients, "test_patients": TEST_PATIENTS}
    return write_cells(folder / "data", population, **patients)


def predict_drawn(
    homework: HomeworkFiles, folder: Path, model: Path | str | Model, watch: Watch | None
) -> DrawnTest:
    """Predict the drawn test cells into `folder`/submission.csv and score that."""
    submission = folder / "submission.csv"
    prediction = predict(
        homework.test_data,
        model=model,
        out=submission,
        like=homework.sample_submission,
        watch=watch,
    )
    board = score(read_truth(submission), read_truth(homework.test_labels))
    return DrawnTest(prediction, submission, board)
