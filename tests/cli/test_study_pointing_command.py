"""`laveran study pointing` on the command line."""

import json

import pytest
import torch

from laveran.networks.network import build, save
from laveran.networks.stack import plain
from small_model import write_small_model


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = write_small_model(tmp_path_factory.mktemp("runs") / "run" / "model.onnx").parent
    spec = plain((4, 8), per_stage=1)
    torch.manual_seed(3)
    save([build(spec, 8).eval()], spec, 8, folder)
    return folder


def test_figures_page_and_table(laveran, run, tmp_path):
    out = tmp_path / "out"
    ended = laveran("study", "pointing", "--model", run, "--cells", 4, "--out", out)
    assert ended.code == 0
    assert "  integrated gradients        " in ended.out
    assert "4 all\n" in ended.out
    assert ended.out.endswith(f"page {out / 'pointing.html'}, table beside it\n")
    assert {path.name for path in out.iterdir()} == {"pointing.csv", "pointing.html"}


def test_json(laveran, run, tmp_path):
    ended = laveran(
        "study", "pointing", "--model", run, "--cells", 3, "--out", tmp_path / "out", "--json"
    )
    rows = json.loads(ended.out)
    assert {row["method"] for row in rows} >= {"evidence", "occlusion", "darkest spot, no network"}
    assert all(0 <= row["hits"]["value"] <= 1 for row in rows)


def test_a_model_file_alone_is_refused(refused, run_folder, tmp_path):
    found = refused("study", "pointing", "--model", run_folder, "--out", tmp_path / "out")
    assert "holds no network.json" in found
    assert not (tmp_path / "out").exists()
