"""The whole comparison on drawn cells, but for emfet, which has an environment of its own."""

import json

import pytest

import compare_accuracy
from accuracy import notebooks
from accuracy.notebooks import MLP, RANDOM, RESNET, Notebook, resnet18
from laveran.training.folder import RunFolder


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    """The tests' process keeps its cores."""
    monkeypatch.setattr(compare_accuracy, "use_cores", lambda _: None)


@pytest.fixture
def compare(drawn, run, tmp_path):
    """Run the script; what it wrote."""

    def go(*options):
        out = tmp_path / "comparison"
        given = [drawn.train_data, drawn.train_labels, "--run", f"tiny={run}", "--out", out]
        small = ["--rivals", "mlp", "--mlp-epochs", "1", "--speed-cells", "8", "--cores", "1"]
        compare_accuracy.main([*map(str, given), *small, *options])
        return out, json.loads((out / "accuracy.json").read_text())

    return go


def test_all_methods_score_the_same_cells(compare, run):
    out, found = compare("--rounds", "1")
    assert [method["name"] for method in found["methods"]] == ["tiny", "mlp"]
    fold = RunFolder(run / "folds" / "0")
    ours = found["methods"][0]["figures"]
    assert ours["accuracy"] == fold.read_metrics()["accuracy"]
    scored = (out / "fold-0" / "mlp.csv").read_text().splitlines()[1:]
    names = [line.split(",")[0] for line in scored]
    assert sorted(names) == sorted(fold.read_predictions().names)
    assert all(method["cells_per_second"] > 0 for method in found["methods"])
    assert "| mlp |" in (out / "accuracy.md").read_text()
    assert (out / "accuracy.svg").read_text().startswith("<svg")


def test_what_is_done_is_not_done_again(compare, monkeypatch):
    _, first = compare("--rounds", "0")
    monkeypatch.setattr(notebooks, "_fit", None)
    _, second = compare("--rounds", "0")
    assert second["methods"] == first["methods"]


def test_other_settings_are_not_mistaken_for_it(compare):
    compare("--rounds", "0")
    with pytest.raises(SystemExit, match=r"other settings \(epochs\)"):
        compare("--rounds", "0", "--mlp-epochs", "2")


def test_folds_are_pooled(compare):
    _, found = compare("--rounds", "0", "--folds", "0", "1")
    assert found["methods"][1]["figures"]["n_patients"] == 12


def test_other_data_is_refused(drawn, run, tmp_path):
    table = drawn.train_labels.read_text().splitlines()
    name, _, label = table[1].rpartition(",")
    table[1] = f"{name},{1 - int(label)}"
    (tmp_path / "labels.csv").write_text("\n".join(table))
    given = [drawn.train_data, tmp_path / "labels.csv", "--run", f"tiny={run}", "--out", tmp_path]
    with pytest.raises(SystemExit, match="not what the runs were trained on"):
        compare_accuracy.main([*map(str, given), "--rivals"])


def test_the_notes_tell_where_a_network_started():
    assert "random weights" in Notebook(RESNET, 96, 8, 1e-3, RANDOM).note
    assert "weights in w.pth" in Notebook(RESNET, 96, 8, 1e-4, "some/where/w.pth").note
    assert "8 epochs" in Notebook(MLP, 64, 8, 1e-3).note


def test_a_resnet_starts_from_a_file(tmp_path):
    import torch
    from torchvision.models import resnet18 as torchvisions

    torch.manual_seed(5)
    given = torchvisions(weights=None).state_dict()
    torch.save(given, tmp_path / "w.pth")
    network = resnet18(str(tmp_path / "w.pth"))
    assert torch.equal(network.state_dict()["conv1.weight"], given["conv1.weight"])
    assert network.fc.out_features == 2
