"""What an audit reads of a run folder."""

from dataclasses import replace

import numpy as np
import pytest

from audit_data import write_run
from laveran.audit.run import judged, read_run
from laveran.cells.manifest import Manifest
from laveran.errors import DataError, ModelError


def test_predictions_and_folds_are_read(run_folder, drawn, probability):
    run = read_run(run_folder)
    found = judged(run, drawn.manifest)
    assert found.name == drawn.manifest.names
    assert found.y_true.tolist() == drawn.manifest.labels.tolist()
    np.testing.assert_allclose(found.y_prob, probability, atol=1e-6)
    assert run.network_of(drawn.manifest[0].name) == run_folder / "folds" / "0"


def test_a_run_without_folds_judges_its_test_patients_alone(tmp_path, drawn):
    parts = ["test" if cell.patient == "C3" else "train" for cell in drawn.manifest]
    y_prob = np.where(np.array(parts) == "test", 0.5, np.nan)
    folder = write_run(tmp_path / "run", drawn.manifest, y_prob, parts)
    run = read_run(folder)
    found = judged(run, drawn.manifest)
    assert {drawn.manifest[int(i)].patient for i in found.index} == {"C3"}
    assert run.network_of(found.name[0]) == folder


def test_networks_that_met_the_patients_are_told(run_folder, drawn, probability, tmp_path):
    assert read_run(run_folder).doubts == ()
    parts = [f"fold {place % 2}" for place in range(len(drawn.manifest))]
    by_cell = read_run(write_run(tmp_path / "by_cell", drawn.manifest, probability, parts))
    nameless = Manifest(tuple(replace(cell, patient=None, photo=None) for cell in drawn.manifest))
    unknown = read_run(write_run(tmp_path / "unknown", nameless, probability, parts))
    for run in (by_cell, unknown):
        (doubt,) = run.doubts
        assert f"{run.path} may have learned from other cells of the patients" in doubt


def test_names_may_have_other_folders_and_labels_come_from_the_run(run_folder, drawn):
    bare = Manifest(
        tuple(
            type(cell)(
                cell.name.rpartition("/")[2], None, None, None, 1, 1, cell.sha256, "elsewhere"
            )
            for cell in drawn.manifest[::-1]
        )
    )
    found = judged(read_run(run_folder), bare)
    assert found.y_true.tolist() == drawn.manifest.labels[::-1].tolist()
    assert found.name == drawn.manifest.names[::-1]


def test_other_pictures_are_refused(run_folder, drawn):
    changed = [type(cell)(cell.name, 1, None, None, 1, 1, "other", "x") for cell in drawn.manifest]
    with pytest.raises(DataError, match="is another picture than in the run"):
        judged(read_run(run_folder), Manifest(tuple(changed)))
    strange = type(changed[0])("strange.png", 1, None, None, 1, 1, "other", "x")
    with pytest.raises(DataError, match="judged none of these cells"):
        judged(read_run(run_folder), Manifest((strange,)))


def test_a_folder_that_is_no_finished_run_is_one_sentence(own_run, tmp_path):
    with pytest.raises(ModelError, match="is not the folder of a finished run"):
        read_run(tmp_path)
    (own_run / "predictions.csv").write_text("name,probability\nx.png,0.5\n")
    with pytest.raises(ModelError, match=r"of other cells than cells.csv, such as 'x.png'"):
        read_run(own_run)
    (own_run / "predictions.csv").write_text("name,probability\nx.png,high\n")
    with pytest.raises(ModelError, match=r"predictions.csv is damaged"):
        read_run(own_run)
    (own_run / "predictions.csv").write_text("file\nx.png\n")
    with pytest.raises(ModelError, match=r"predictions.csv cannot be read"):
        read_run(own_run)
    (own_run / "cells.csv").write_text("name\n")
    with pytest.raises(ModelError, match="cannot be audited"):
        read_run(own_run)


def test_the_folder_of_a_search_is_told_from_that_of_its_best_run(own_run, tmp_path):
    search = tmp_path / "search"
    search.mkdir()
    (search / "metrics.json").write_text("{}")
    best = own_run.rename(search / "best")
    with pytest.raises(ModelError, match=r"is the folder of a search; give .* best run") as no:
        read_run(search)
    assert str(no.value).endswith(str(best))
    assert read_run(best).path == best


def test_the_files_are_those_that_training_writes(tmp_path, drawn, probability):
    from laveran.training.folder import Predictions, RunFolder

    folder = RunFolder(tmp_path / "run")
    logit = np.log(probability / (1 - probability)).astype(np.float32)
    patients = [cell.patient for cell in drawn.manifest]
    folder.write_cells(drawn.manifest, ["fold 1"] * len(drawn.manifest))
    folder.write_predictions(
        Predictions(drawn.manifest.names, patients, drawn.manifest.labels, logit, {})
    )
    folder.write_metrics({})
    run = read_run(folder.path)
    np.testing.assert_allclose(judged(run, drawn.manifest).y_prob, probability, atol=1e-5)
    assert run.network_of(drawn.manifest[0].name) == folder.fold(1).path
