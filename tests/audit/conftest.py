"""Drawn cells of drawn patients, and a run that judged them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from audit_data import write_data, write_run
from laveran.audit import shortcuts
from laveran.cells.synthetic import draw_cell, draw_patient
from small_model import write_small_model

PATIENTS, CELLS_EACH = 8, 8
CONTROLS = 2  # the last of the patients


@pytest.fixture(scope="session", autouse=True)
def few_trees():
    """A small probe: these tests ask whether it is right, not how good it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shortcuts, "TREES", 5)
        yield


@pytest.fixture(scope="session")
def pictures():
    """Cells by name, as NIH names them, and their labels."""
    found = {}
    for patient in range(PATIENTS):
        draw = np.random.default_rng(patient)
        blood = draw_patient(draw)
        for cell in range(CELLS_EACH):
            label = int(patient < PATIENTS - CONTROLS and cell % 2 == 0)
            name = f"cells/C{patient}ThinF_IMG_{cell // 4}_cell_{cell}.png"
            found[name] = draw_cell(draw, blood, "ring" if label else None).image, label
    return found


@pytest.fixture(scope="session")
def drawn(tmp_path_factory, pictures):
    return write_data(tmp_path_factory.mktemp("drawn"), pictures)


@pytest.fixture(scope="session")
def wrong(drawn):
    """Places of the cells whose label the run contradicts, the strongest contradiction first."""
    return [2, 9, 20, 61]


@pytest.fixture(scope="session")
def probability(drawn, wrong):
    """What the run says: right but for four cells."""
    noise = np.random.default_rng(1).uniform(0.02, 0.1, len(drawn.manifest))
    y_prob = np.abs(drawn.manifest.labels - noise)
    for place, gap in zip(wrong, (0.999, 0.998, 0.99, 0.98), strict=True):
        y_prob[place] = abs(drawn.manifest[place].label - gap)
    return y_prob


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory, drawn, probability):
    """A finished run of two folds, with a network in each."""
    parts = [f"fold {int(cell.patient[1:]) % 2}" for cell in drawn.manifest]
    folder = tmp_path_factory.mktemp("runs") / "first"
    write_run(folder, drawn.manifest, probability, parts)
    for fold in ("0", "1"):
        write_small_model(folder / "folds" / fold / "model.onnx")
    return folder


@pytest.fixture
def own_run(run_folder, tmp_path):
    """A copy of the run to be damaged."""
    return Path(shutil.copytree(run_folder, tmp_path / "own_run"))
