"""The whole homework on drawn cells: what a user without any data tries first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from laveran.model.demo import TRAIN_PATIENTS, DrawnTest, draw_homework, predict_drawn
from laveran.model.prediction import Watch
from laveran.training.folder import RunFolder
from laveran.training.recipe import Recipe, load_recipe
from laveran.training.train import Run, train

SPECIES = "none: drawn after P. falciparum"


@dataclass(frozen=True)
class Demo:
    """What `demo` left.

    Attributes:
        run: The training.
        test: What the trained network predicted for the test cells.
    """

    run: Run
    test: DrawnTest


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
        ConfigError: If `out` holds something already, or there is no such recipe.
    """
    folder = Path(out)
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    RunFolder(folder).check_free(resume=False)
    homework = draw_homework(folder, seed, train_patients)
    run = train(
        homework.train_data,
        homework.train_labels,
        out=folder / "run",
        recipe=chosen,
        seed=seed,
        species=SPECIES,
        watch=watch,
    )
    return Demo(run, predict_drawn(homework, folder, run.folder, watch))
