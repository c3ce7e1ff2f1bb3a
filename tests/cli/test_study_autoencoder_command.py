"""`laveran study autoencoder` and what is asked of its folder."""

import json

import pytest
from typer.testing import CliRunner

from laveran.cells.synthetic_dataset import Population, write_cells
from laveran.cli import app

SETTINGS = ("--latent", "2", "--epochs", "1", "--size", "8", "--variational")


def run(*words):
    return CliRunner().invoke(app, ["study", *map(str, words)], catch_exceptions=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("autoencoder")
    population = Population(cells_per_patient=6, seed=5)
    drawn = write_cells(folder, population, train_patients=8, test_patients=2)
    command = ("autoencoder", drawn.train_data, drawn.train_labels, "--out", folder / "vae")
    return command, folder / "vae", run(*command, *SETTINGS)


def test_the_figures_and_the_files_are_named(finished):
    _, folder, ended = finished
    assert ended.exit_code == 0
    assert "of as many components" in ended.stdout
    assert "anomaly auroc" in ended.stdout
    assert ended.stdout.endswith(
        f"page {folder / 'autoencoder.html'}, codes {folder / 'codes.csv'}\n"
    )


def test_json_is_what_the_file_holds(finished):
    command, folder, _ = finished
    ended = run(*command, *SETTINGS, "--resume", "--json")
    assert json.loads(ended.stdout) == json.loads((folder / "metrics.json").read_text())


def test_a_taken_folder_is_one_sentence(finished):
    command, folder, _ = finished
    ended = run(*command, *SETTINGS)
    assert ended.exit_code == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"laveran: {folder} holds an autoencoder already; ")
    assert "--resume" in line


def test_new_cells_of_a_finished_folder(finished, tmp_path):
    _, folder, _ = finished
    ended = run("autoencoder-show", folder, "--sample", 3, "--out", tmp_path)
    assert ended.exit_code == 0
    assert ended.stdout == f"{tmp_path / 'samples.png'}\n"
    assert (tmp_path / "samples.png").is_file()


def test_a_folder_without_an_autoencoder_is_one_sentence(tmp_path):
    ended = run("autoencoder-show", tmp_path, "--sample", 3, "--out", tmp_path)
    assert ended.exit_code == 1
    assert f"{tmp_path} holds no autoencoder" in ended.stderr
