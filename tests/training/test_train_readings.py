"""Training on what readers say: learned instead of labels, never measured on."""

import csv
import tomllib

import pytest

from laveran.errors import LabelsError
from laveran.training import train


def table(path, **readings):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("img_name", "reading"), *readings.items()])
    return path


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def cells(drawn):
    return (drawn.train_data, drawn.train_labels)


@pytest.fixture(scope="module")
def doubted(drawn):
    """Names of six cells labelled parasitized, without suffix."""
    names = [row["img_name"] for row in rows(drawn.train_labels) if int(row["label"]) == 1]
    return [name.removesuffix(".png") for name in names[::5][:6]]


@pytest.fixture(scope="module")
def read(cells, doubted, tiny, tmp_path_factory):
    """A run that learned from two readers; not to be written to."""
    folder = tmp_path_factory.mktemp("read")
    first = table(folder / "a.csv", **dict.fromkeys(doubted, "none"))
    second = table(folder / "b.csv", **dict.fromkeys(doubted[:3], "none"))
    return train(*cells, out=folder / "run", recipe=tiny, readings=[first, second])


def test_it_says_what_it_learned_from(read):
    assert "trained on labels of which 6 were read again and 6 corrected" in read.protocol
    assert "measured on the labels as published" in read.protocol
    config = tomllib.loads((read.folder / "config.toml").read_text())
    assert len(config["run"]["readings"]) == 64


def test_figures_are_on_the_labels_as_published(read, run):
    first, second = (rows(each.folder / "predictions.csv") for each in (read, run))
    assert [(row["name"], row["label"]) for row in first] == [
        (row["name"], row["label"]) for row in second
    ]


def test_the_network_learns_from_the_readers(read, run):
    weights = [(each.folder / "weights.safetensors").read_bytes() for each in (read, run)]
    assert weights[0] != weights[1]


def test_readings_of_other_cells_are_refused(cells, tiny, tmp_path):
    path = table(tmp_path / "a.csv", nobody="none")
    with pytest.raises(LabelsError, match="none of the 1 cells that were read"):
        train(*cells, out=tmp_path / "run", recipe=tiny, readings=[path])
    assert not (tmp_path / "run").exists()
