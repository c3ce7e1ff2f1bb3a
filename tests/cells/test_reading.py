"""From an archive and what is known of it to a manifest."""

import hashlib
import zipfile

import cv2
import numpy as np
import pytest

from laveran.cells.reading import read_cells
from laveran.errors import ArchiveError, LabelsError


def picture(shade, height=4, width=6):
    return cv2.imencode(".png", np.full((height, width, 3), shade, np.uint8))[1].tobytes()


def nih(patient, cell, photo="IMG_20150918_144104"):
    return f"{patient}ThinF_{photo}_cell_{cell}.png"


@pytest.fixture
def make_zip(tmp_path):
    """Write a zip of pictures, each of its own shade; a value of bytes is written as it is."""

    def make(*names, **broken):
        path = tmp_path / "cells.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for shade, name in enumerate(names):
                archive.writestr(name, picture(shade))
            for name, content in broken.items():
                archive.writestr(f"{name}.png", content)
        return path

    return make


@pytest.fixture
def table(tmp_path):
    def write(*rows, header="img_name,label", name="labels.csv"):
        (tmp_path / name).write_text("\n".join((header, *rows)) + "\n")
        return tmp_path / name

    return write


def told(reading):
    return {cell.name: (cell.label, cell.patient, cell.photo) for cell in reading.manifest}


def reasons(reading):
    return dict(reading.skipped)


def test_a_zip_with_a_table_of_labels(make_zip, table):
    one, two = nih("C1P1", 1), nih("C2", 7)
    data = make_zip(f"train/{one}", f"train/{two}")
    reading = read_cells(data, table(f"{two},0", f"{one},1"))
    assert told(reading) == {
        f"train/{one}": (1, "C1P1", "C1P1ThinF_IMG_20150918_144104"),
        f"train/{two}": (0, "C2", "C2ThinF_IMG_20150918_144104"),
    }
    first = reading.manifest[0]
    assert (first.width, first.height, first.source) == (6, 4, str(data))
    assert first.sha256 == hashlib.sha256(picture(0)).hexdigest()
    assert reading.skipped == ()
    assert reading.notes == ()


@pytest.mark.parametrize(
    ("sick", "healthy"),
    [("Parasitized", "Uninfected"), ("PARASITIZED", "uninfected"), ("infected", "Non-Infected")],
)
def test_folders_named_after_the_classes(make_zip, sick, healthy):
    reading = read_cells(make_zip(f"set/{sick}/a.png", f"set/{healthy}/b.png", "set/c.png"))
    assert reading.manifest.labels.tolist() == [1, 0]
    assert reasons(reading) == {"set/c.png": "no label: none of its folders is named after a class"}


def test_the_innermost_folder_that_is_a_class_counts(make_zip):
    reading = read_cells(make_zip("infected/Uninfected/day1/a.png"))
    assert reading.manifest.labels.tolist() == [0]


def test_a_table_counts_more_than_folders(make_zip, table):
    reading = read_cells(make_zip("Parasitized/a.png", "Parasitized/b.png"), table("a,0", "b,1"))
    assert reading.manifest.labels.tolist() == [0, 1]


def test_without_table_or_class_folders_labels_are_unknown(make_zip):
    reading = read_cells(make_zip("a.png", "b.png"))
    assert reading.manifest.labels.tolist() == [-1, -1]
    assert any("no cell has a label" in note for note in reading.notes)


def test_a_single_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(7, 1, 1))
    (tmp_path / "b.png").write_bytes(picture(8))
    (cell,) = read_cells(tmp_path / "a.png").manifest
    assert (cell.name, cell.width, cell.height) == ("a.png", 1, 1)


def test_nothing_is_lost(make_zip, table):
    data = make_zip(
        *("train/good.png", "train/plain.png", "train/maybe.png", "train/both.png"),
        *("test/twin.png", "train/twin.png", "../out.png"),
        cut=picture(9)[:-5],
        empty=b"",
        text=b"a text",
    )
    rows = ("good.png,1", "maybe.png,maybe", "both.png,0", "both.png,1", "twin.png,0", "gone.png,0")
    reading = read_cells(data, table(*rows, "cut,1", "empty,0", "text,1", "out.png,1"))
    assert told(reading) == {"train/good.png": (1, None, None)}
    why = reasons(reading)
    for name, reason in {
        "train/plain.png": "no label in labels.csv",
        "maybe.png": "its label is 'maybe'",
        "both.png": "labelled both 0 and 1",
        "twin.png": "means both 'test/twin.png' and 'train/twin.png'",
        "test/twin.png": "no label",
        "train/twin.png": "no label",
        "gone.png": "there is no such picture in cells.zip",
        "../out.png": "leads out of the archive",
        "cut.png": "cut off",
        "empty.png": "empty (0 bytes)",
        "text.png": "not a PNG",
    }.items():
        assert reason in why.pop(name)
    assert why.keys() <= {"train/maybe.png", "train/both.png"}
    assert any("are left out" in note for note in reading.notes)


def test_one_picture_by_two_names_with_two_labels_counts_for_neither(make_zip, table):
    data = make_zip("train/a.png", "train/b.png")
    reading = read_cells(data, table("a.png,1", "train/a.png,0", "b.png,1", "train/b.png,1"))
    assert told(reading) == {"train/b.png": (1, None, None)}
    assert reasons(reading) == {"train/a.png": "labelled both 0 and 1"}


def test_labels_that_fit_no_picture_are_refused(make_zip, table):
    with pytest.raises(
        LabelsError, match=r"labels no picture in .*cells\.zip; 'x\.png': there is no"
    ):
        read_cells(make_zip("a.png"), table("x.png,1"))


def test_pictures_that_are_all_broken_are_refused(make_zip):
    with pytest.raises(ArchiveError, match=r"no picture in .* can be read; the last, 'b\.png'"):
        read_cells(make_zip(a=b"broken", b=b""))


def test_given_patients_count_most_and_are_not_mixed_with_names(make_zip, table):
    data = make_zip(f"t/{nih('C1', 1)}", f"t/{nih('C2', 1)}")
    given = table(f"{nih('C1', 1)},Anna", header="file,patient", name="patients.csv")
    for patients in (given, [given], {nih("C1", 1): "Anna"}):
        reading = read_cells(data, patients=patients)
        assert [cell.patient for cell in reading.manifest] == ["Anna", None]
        assert "the patient of only 1 of 2 cells can be told" in reading.notes[0]


def test_patients_of_none_of_the_pictures_are_refused(make_zip):
    with pytest.raises(LabelsError, match="the patients given are of none of the pictures"):
        read_cells(make_zip("a.png"), patients={"x.png": "Anna"})


def test_patients_and_photographs_from_columns_of_the_table(make_zip, table):
    data = make_zip(nih("C1", 1), nih("C2", 1), nih("C3", 1))
    rows = (f"{nih('C1', 1)},1,P,f", f"{nih('C2', 1)},0,P,", f"{nih('C3', 1)},0,,")
    reading = read_cells(data, table(*rows, header="file,label,patient,photo"))
    assert [cell.patient for cell in reading.manifest] == ["P", "P", None]
    assert reading.manifest[0].photo == "f"
    assert reading.manifest[1].photo == "C2ThinF_IMG_20150918_144104"


@pytest.mark.parametrize(
    ("names", "unit"),
    [
        (["one_cell_1.png", "one_cell_2.png", "two_cell_1.png"], "photo"),
        (["cell_1.png", "cell_2.png"], "cell"),
        (["all_cell_1.png", "all_cell_2.png"], "cell"),
    ],
)
def test_that_no_patient_can_be_told_is_said_loudly(make_zip, names, unit):
    reading = read_cells(make_zip(*names))
    assert reading.manifest.grouping == unit
    assert reading.notes[0].startswith(f"no patient can be told: cells are grouped by {unit}")


def test_one_class_only_is_read_and_noted(make_zip):
    reading = read_cells(make_zip("Uninfected/a.png", "Uninfected/b.png"))
    assert any("all 2 cells are uninfected" in note for note in reading.notes)


def test_the_same_picture_twice_is_noted(make_zip):
    reading = read_cells(make_zip("a.png", "b.png", copy=picture(0)))
    assert len(reading.manifest) == 3
    assert any("such as 'copy.png' as 'a.png'" in note for note in reading.notes)


def test_each_picture_is_handed_on_once_with_its_place_in_the_manifest(make_zip, table):
    data = make_zip(*(f"{n}.png" for n in range(150)), broken=b"")
    kept, done = [], []
    reading = read_cells(
        data,
        table(*(f"{n}.png,{n % 2}" for n in range(10, 150)), "broken,1"),
        transform=lambda image: int(image.max()),
        on_picture=lambda *call: kept.append(call),
        progress=lambda *call: done.append(call),
    )
    assert kept == [(index, index + 10) for index in range(140)]
    assert [cell.name for cell in reading.manifest] == [f"{n}.png" for n in range(10, 150)]
    assert done == [(n, 141) for n in range(1, 142)]


def test_without_a_transform_the_picture_itself_is_handed_on(make_zip):
    kept = []
    read_cells(make_zip("a.png"), on_picture=lambda _, image: kept.append(image.shape))
    assert kept == [(4, 6, 3)]


@pytest.mark.slow
def test_the_homework(homework):
    reading = read_cells(homework / "train_data.zip", homework / "train_labels.csv")
    labels = reading.manifest.labels
    assert (len(labels), (labels == 1).sum(), (labels == 0).sum()) == (12_586, 6_411, 6_175)
    assert len(set(reading.manifest.patients)) == 90
    assert reading.manifest.grouping == "patient"
    assert (reading.skipped, reading.notes) == ((), ())


def test_the_homework_test_pictures(homework):
    reading = read_cells(homework / "test_data.zip")
    assert len(reading.manifest) == 925
    assert len(set(reading.manifest.patients)) == 10
