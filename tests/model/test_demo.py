import pytest

from laveran.errors import ConfigError
from laveran.model import demo as module
from laveran.model.demo import demo


def test_the_shipped_model_predicts_drawn_cells(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TEST_PATIENTS", 2)
    monkeypatch.setattr(module, "TRAIN_PATIENTS", 2)
    monkeypatch.setattr(module, "CELLS_PER_PATIENT", 10)
    found = demo(tmp_path / "demo", seed=1)
    assert len(found.submission.read_text().splitlines()) == 1 + found.prediction.n_cells == 21
    assert 0 <= found.leaderboard.overall <= 1


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="choose another --out"):
        demo(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
