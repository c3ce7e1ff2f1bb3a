"""Figures of a model on labelled cells."""

import json
import shutil
import zipfile

import numpy as np
import pytest

from audit_data import write_run
from hostile import encode
from laveran import metrics
from laveran.errors import ConfigError, DataError, LabelsError, OutputError
from laveran.model.contract import OperatingPoint
from laveran.model.evaluation import evaluate
from laveran.model.runtime import BATCH, load
from small_model import FIGURE, expected_probabilities, small_contract, write_small_model

COUNTS = ("n_cells", "n_patients")
FIGURES = (
    *("accuracy", "sensitivity", "specificity", "f1", "mcc", "auroc", "brier", "ece"),
    *("blank_false_positive_rate", "worst_tenth_accuracy", "sensitivity_at_99_specificity"),
)
PATIENTS, CELLS_EACH = 10, 24


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return load(write_small_model(tmp_path_factory.mktemp("run") / "model.onnx"))


@pytest.fixture(scope="module")
def images():
    """Pictures by name, as NIH names them; half of the patients are controls."""
    rng = np.random.default_rng(3)
    found = {}
    for patient in range(PATIENTS):
        for cell in range(CELLS_EACH):
            colour = rng.integers(40, 220, 3)
            noise = rng.integers(-30, 30, (9, 9, 3))
            name = f"C{patient}ThinF_IMG_1_cell_{cell}.png"
            found[name] = np.clip(colour + noise, 0, 255).astype(np.uint8)
    return found


@pytest.fixture(scope="module")
def labels(images):
    """Random labels; 1 only for odd patients."""
    rng = np.random.default_rng(4)
    return {name: int(rng.random() < 0.6) * (int(name[1]) % 2) for name in images}


@pytest.fixture(scope="module")
def labelled(tmp_path_factory, images, labels):
    """A zip and its table of labels."""
    folder = tmp_path_factory.mktemp("data")
    data, table = folder / "cells.zip", folder / "labels.csv"
    with zipfile.ZipFile(data, "w") as archive:
        for name, image in images.items():
            archive.writestr(f"cells/{name}", encode(image))
    rows = "".join(f"{name},{label}\n" for name, label in labels.items())
    table.write_text(f"img_name,label\n{rows}")
    return data, table


def test_the_figures_are_those_of_the_metrics(labelled, model, images, labels):
    found = evaluate(*labelled, model=model)
    y_true = list(labels.values())
    prepared = np.stack([model.prepare(image) for image in images.values()])
    expected = expected_probabilities(prepared)
    assert len(y_true) > 3 * BATCH
    np.testing.assert_allclose(found.y_prob, expected, atol=1e-5)
    assert found.manifest.labels.tolist() == y_true
    patients = [name.partition("T")[0] for name in images]
    assert found.evaluation == metrics.evaluate(y_true, found.y_prob, patients)
    assert found.evaluation.n_patients == PATIENTS
    assert found.skipped == ()


def test_the_json_has_the_promised_keys_in_their_order(labelled, model, tmp_path):
    path = tmp_path / "new" / "figures.json"
    found = evaluate(*labelled, model=model, json=path)
    written = json.loads(path.read_text())
    assert list(written) == [*COUNTS, *FIGURES, "operating_point", "operating_points", "notes"]
    assert written.pop("notes") == list(found.notes)
    assert (written["n_cells"], written["n_patients"]) == (PATIENTS * CELLS_EACH, PATIENTS)
    for name in FIGURES:
        assert list(written[name]) == ["value", "low", "high"]
        assert written[name]["low"] <= written[name]["value"] <= written[name]["high"]
    points = written.pop("operating_points")
    assert written.pop("operating_point") == "accuracy"
    assert written == found.evaluation.to_json()
    assert list(points) == ["accuracy", "never", "always"]
    assert points["accuracy"]["accuracy"] == written["accuracy"]
    assert points["accuracy"]["blank"] == written["blank_false_positive_rate"]
    assert points["never"]["blank"]["value"] == 0 == points["always"]["specificity"]["value"]
    assert "NaN" not in path.read_text()


def test_undefined_figures_are_null(tmp_path, model):
    for number in range(3):
        (tmp_path / "Uninfected").mkdir(exist_ok=True)
        image = np.full((9, 9, 3), 50 * number, np.uint8)
        (tmp_path / "Uninfected" / f"{number}.png").write_bytes(encode(image))
    found = evaluate(tmp_path, model=model, json=tmp_path / "figures.json")
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written["n_patients"] == 0
    assert written["sensitivity"] == {"value": None, "low": None, "high": None}
    assert written["specificity"]["value"] is not None
    assert any("no patient can be told" in note for note in found.notes)
    assert any("all 3 cells are uninfected" in note for note in found.notes)


def test_the_operating_point_counts(labelled, model):
    always = evaluate(*labelled, model=model, operating_point="always").evaluation
    assert always.sensitivity.value == 1
    assert always.specificity.value == 0
    with pytest.raises(ConfigError, match="no operating point 'best'"):
        evaluate("no.zip", model=model, operating_point="best")


def test_patients_may_come_from_a_table(labelled, model, tmp_path, images):
    table = tmp_path / "patients.csv"
    table.write_text("image,patient\n" + "".join(f"{name},P{name[-5]}\n" for name in images))
    found = evaluate(*labelled, model=model, patients=[table])
    assert found.evaluation.n_patients == len({name[-5] for name in images})


def test_cells_without_labels_are_refused(labelled, model, tmp_path):
    with pytest.raises(LabelsError, match="has no labels to compare with; give a labels CSV"):
        evaluate(labelled[0], model=model, json=tmp_path / "figures.json")
    assert list(tmp_path.iterdir()) == []


def test_what_is_skipped_is_told(labelled, model, tmp_path, images):
    data, table = tmp_path / "cells", tmp_path / "labels.csv"
    data.mkdir()
    names = list(images)[:3]
    (data / names[0]).write_bytes(encode(images[names[0]]))
    (data / names[1]).write_bytes(b"a text")
    table.write_text("img_name,label\n" + "".join(f"{name},1\n" for name in names))
    found = evaluate(data, table, model=model)
    assert found.evaluation.n_cells == 1
    assert {name for name, _ in found.skipped} == {names[1], names[2]}


def test_a_run_folder_may_be_named(labelled, model):
    assert evaluate(*labelled, model=model.path.parent).evaluation.n_cells == 240


def test_cells_that_it_learned_from_are_told(labelled, model, tmp_path):
    found = evaluate(*labelled, model=model)
    (note,) = found.notes
    assert note.startswith(f"nothing tells whether {model.path} learned from some of these cells")
    parts = ["train" if patient < "C4" else "test" for patient in found.manifest.patients]
    run = write_run(tmp_path / "run", found.manifest, found.y_prob, parts)
    shutil.copy(model.path, run / "model.onnx")
    (note,) = evaluate(*labelled, model=run).notes
    n = parts.count("train")
    assert note.startswith(f"OPTIMISTIC: {run / 'model.onnx'} learned from {n} of these 240 cells")
    assert len(evaluate(*labelled, model=[run, model.path]).notes) == 2
    strangers = write_run(tmp_path / "strangers", found.manifest, found.y_prob, ["test"] * 240)
    shutil.copy(model.path, strangers / "model.onnx")
    assert evaluate(*labelled, model=strangers).notes == ()


def test_progress_is_reported(labelled, model):
    calls = []
    evaluate(*labelled, model=model, watch=lambda *call: calls.append(call))
    assert calls[-1] == ("evaluate", 240, 240, {})


def test_missing_data_and_places_are_one_sentence(labelled, model, tmp_path):
    with pytest.raises(DataError, match="cannot open"):
        evaluate(tmp_path / "none.zip", model=model)
    with pytest.raises(OutputError, match="cannot write"):
        evaluate(*labelled, model=model, json=tmp_path)


def readings_table(folder, rows):
    path = folder / "readings.csv"
    path.write_text("img_name,reading,part\n" + "".join(f"{','.join(row)}\n" for row in rows))
    return path


def test_readings_are_figures_of_their_own_after_the_published_ones(
    labelled, model, images, tmp_path
):
    names = list(images)
    words = ["parasite", "none", "unsure"]
    rows = [(names[i], words[i % 3], "random") for i in range(90)]
    rows += [(names[i], "none", "disputed") for i in range(90, 100)]
    path = tmp_path / "figures.json"
    found = evaluate(*labelled, model=model, readings=readings_table(tmp_path, rows), json=path)
    written = json.loads(path.read_text())
    assert list(written) == [
        *COUNTS,
        *FIGURES,
        "operating_point",
        "operating_points",
        "notes",
        "readings",
    ]
    assert found.evaluation == evaluate(*labelled, model=model).evaluation
    assert list(written["readings"]) == ["random", "disputed"]
    random, disputed = written["readings"].values()
    called = found.y_prob >= 0.5
    expected = np.mean([called[i] == (i % 3 == 0) for i in range(90) if i % 3 < 2])
    assert (random["n_cells"], random["n_certain"]) == (90, 60)
    assert random["agreement"]["value"] == pytest.approx(expected)
    assert random["unsure"]["value"] == pytest.approx(1 / 3)
    assert disputed["specificity"]["value"] == pytest.approx(1 - np.mean(called[90:100]))
    assert disputed["sensitivity"]["value"] is None


def test_readings_are_judged_at_one_half_unless_a_point_is_asked_for(
    labelled, images, labels, tmp_path
):
    shy = (OperatingPoint(name="accuracy", threshold=0.9, sensitivity=FIGURE, specificity=FIGURE),)
    contract = small_contract(operating_points=shy)
    model = load(write_small_model(tmp_path / "shy.onnx", metadata=contract.model_dump_json()))
    rows = [(name, "parasite", "random") for name in list(images)[:60]]
    table = readings_table(tmp_path, rows)
    found = evaluate(*labelled, model=model, readings=table)
    assert found.re_read["random"]["sensitivity"].value == np.mean(found.y_prob[:60] >= 0.5)
    asked = evaluate(*labelled, model=model, readings=table, operating_point="accuracy")
    assert asked.re_read["random"]["sensitivity"].value == np.mean(found.y_prob[:60] >= 0.9)
    assert asked.evaluation == found.evaluation


def test_sensitivity_on_re_read_cells_is_at_the_threshold_of_published_controls(
    labelled, model, images, labels, tmp_path
):
    rows = [(name, "parasite", "random") for name, label in labels.items() if label]
    found = evaluate(*labelled, model=model, readings=readings_table(tmp_path, rows))
    assert (
        found.re_read["random"]["sensitivity_at_99_specificity"].value
        == found.evaluation.sensitivity_at_99_specificity.value
    )


def test_readings_of_other_cells_are_noted_or_refused(labelled, model, images, tmp_path):
    rows = [("elsewhere.png", "none", "random")]
    with pytest.raises(LabelsError, match=r"none of the 1 cells that were read.*give its --key"):
        evaluate(*labelled, model=model, readings=readings_table(tmp_path, rows))
    rows.append((next(iter(images)), "none", "random"))
    found = evaluate(*labelled, model=model, readings=readings_table(tmp_path, rows))
    assert "1 of 2 re-read cells are not in the data" in found.notes


def test_what_flips_and_turns_gain_and_cost_is_told(labelled, model):
    data, table = labelled
    found = evaluate(data, table, model=model.path, tta=True)
    plain = evaluate(data, table, model=model).evaluation
    assert found.evaluation.accuracy == plain.accuracy
    assert found.evaluation.brier.value == pytest.approx(plain.brier.value, rel=1e-5)
    assert set(found.tta) == {"accuracy", "auroc", "cost"}
    assert found.tta["accuracy"].value == 0  # this model's mean of colours has no side
    again = [evaluate(data, table, model=model.path, tta=True) for _ in range(4)]
    costs = [each.tta["cost"].value for each in (found, *again)]
    assert max(costs) > 2  # a busy machine may stretch either side of one measurement
    assert found.to_json()["tta"]["auroc"]["value"] == 0
    assert "tta" not in evaluate(data, table, model=model).to_json()
