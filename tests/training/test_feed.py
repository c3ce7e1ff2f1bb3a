import os
import shutil
import time
import zipfile

import cv2
import numpy as np
import pytest

from laveran.cells.crop import letterbox, stretch
from laveran.cells.pictures import decode
from laveran.errors import ArchiveError, DataError, LabelsError
from laveran.training import feed
from laveran.training.feed import cache_folder, prepare_cells

LETTERBOX = {"crop": "letterbox-v1", "size_px": 12}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LAVERAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "cells"


@pytest.fixture
def readings(monkeypatch):
    """Counts how often the data is read."""
    calls = []
    read = feed.read_cells

    def counted(*args, **settings):
        calls.append(args)
        return read(*args, **settings)

    monkeypatch.setattr(feed, "read_cells", counted)
    return calls


@pytest.fixture
def classes(tmp_path):
    """A folder with two pictures and something that is none."""
    for label, name in enumerate(("Uninfected", "Parasitized")):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        picture = np.full((20 + label, 30, 3), 90 * (label + 1), np.uint8)
        cv2.imwrite(str(folder / f"C{label}P{label}ThinF_IMG_1_cell_1.png"), picture)
    (tmp_path / "data" / "Parasitized" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "data"


def test_pictures_are_the_crops_of_the_manifests_cells(cache, drawn):
    prepared = prepare_cells(drawn.train_data, drawn.train_labels, **LETTERBOX)
    assert prepared.pictures.shape == (120, 12, 12, 3)
    assert prepared.pictures.dtype == np.uint8
    with zipfile.ZipFile(drawn.train_data) as archive:
        for cell, picture in list(zip(prepared.manifest, prepared.pictures, strict=True))[::17]:
            assert np.array_equal(letterbox(decode(archive.read(cell.name)), 12), picture)


def test_another_crop_is_another_cell(cache, classes):
    stretched = prepare_cells(classes, None, crop="stretch-v1", size_px=10).pictures
    boxed = prepare_cells(classes, None, crop="letterbox-v1", size_px=10).pictures
    picture = np.full((21, 30, 3), 180, np.uint8)
    assert np.array_equal(stretched[0], stretch(picture, 10))
    assert np.array_equal(boxed[0], letterbox(picture, 10))


def test_pictures_cannot_be_written_to(cache, classes):
    with pytest.raises(ValueError, match="read-only"):
        prepare_cells(classes, None, **LETTERBOX).pictures[0] = 0


def test_what_was_prepared_is_not_read_again(cache, classes, readings):
    first = prepare_cells(classes, None, **LETTERBOX)
    second = prepare_cells(classes, None, **LETTERBOX)
    assert len(readings) == 1
    assert second.manifest == first.manifest
    assert np.array_equal(second.pictures, first.pictures)
    assert second.skipped == first.skipped
    assert second.skipped[0].name.endswith("broken.png")
    assert second.notes == first.notes
    assert any("left out (1)" in note for note in second.notes)


def change_picture(folder):
    (folder / "Parasitized" / "broken.png").write_bytes(b"still no picture")


def add_picture(folder):
    shutil.copy(next((folder / "Uninfected").iterdir()), folder / "Uninfected" / "x.png")


def rename_picture(folder):
    (folder / "Parasitized" / "broken.png").rename(folder / "Parasitized" / "other.png")


@pytest.mark.parametrize("change", [change_picture, add_picture, rename_picture])
def test_changed_data_is_read_again(cache, classes, readings, change):
    prepare_cells(classes, None, **LETTERBOX)
    change(classes)
    prepare_cells(classes, None, **LETTERBOX)
    assert len(readings) == 2


@pytest.mark.parametrize(
    "other", [{"crop": "stretch-v1"}, {"size_px": 13}, {"labels": "l.csv"}, {"patients": ["p.csv"]}]
)
def test_other_settings_are_read_again(cache, classes, readings, other, monkeypatch):
    monkeypatch.chdir(classes.parent)
    names = [f"C{n}P{n}ThinF_IMG_1_cell_1.png" for n in range(2)]
    (classes.parent / "l.csv").write_text(f"img_name,label\n{names[0]},1\n{names[1]},0\n")
    (classes.parent / "p.csv").write_text(f"img_name,patient\n{names[0]},A\n{names[1]},B\n")
    asked = {"data": classes, "labels": None, **LETTERBOX}
    first = prepare_cells(**asked)
    second = prepare_cells(**asked | other)
    assert len(readings) == 2
    assert len(list(cache.iterdir())) == 2
    if "labels" in other:
        assert second.manifest.labels.tolist() == (1 - first.manifest.labels).tolist()
    if "patients" in other:
        assert set(second.manifest.patients) == {"A", "B"}


def test_a_name_that_is_no_utf8_is_left_out_with_its_reason(cache, classes):
    (classes / "Parasitized" / os.fsdecode(b"\xe4.png")).write_bytes(b"a")
    found = prepare_cells(classes, None, **LETTERBOX)
    assert "characters that cannot be written" in found.skipped[0].reason


def test_changed_labels_are_read_again(cache, drawn, tmp_path, readings):
    labels = tmp_path / "labels.csv"
    text = drawn.train_labels.read_text()
    labels.write_text(text)
    first = prepare_cells(drawn.train_data, labels, **LETTERBOX)
    labels.write_text(text.replace(",1\n", ",0\n"))
    second = prepare_cells(drawn.train_data, labels, **LETTERBOX)
    assert len(readings) == 2
    assert first.manifest.labels.any()
    assert not second.manifest.labels.any()


def test_reading_is_watched(cache, classes):
    seen = []
    prepare_cells(classes, None, **LETTERBOX, watch=lambda *news: seen.append(news))
    assert seen[-1] == ("read cells", 3, 3, {})


class StoppedError(Exception):
    """What a test throws into the reading."""


def test_a_reading_that_stops_leaves_nothing(cache, classes):
    def stop(*_):
        raise StoppedError

    with pytest.raises(StoppedError):
        prepare_cells(classes, None, **LETTERBOX, watch=stop)
    assert list(cache.iterdir()) == []
    assert len(prepare_cells(classes, None, **LETTERBOX).manifest) == 2


def test_what_a_killed_process_left_long_ago_is_removed(cache, classes):
    for name, age_s in ((".old-abc", 2 * feed.ABANDONED_S), (".new-abc", 60)):
        (cache / name).mkdir(parents=True)
        (cache / name / "pictures.bin").touch()
        os.utime(cache / name, (time.time() - age_s,) * 2)
    prepare_cells(classes, None, **LETTERBOX)
    assert [path.name for path in cache.iterdir() if path.name[0] == "."] == [".new-abc"]


def test_of_two_that_prepare_the_same_the_first_to_finish_wins(cache, classes, readings):
    inner = []

    def meanwhile(*_):
        if not inner:
            inner.append(None)
            inner[0] = prepare_cells(classes, None, **LETTERBOX)

    outer = prepare_cells(classes, None, **LETTERBOX, watch=meanwhile)
    assert len(readings) == 2
    assert outer.manifest == inner[0].manifest
    assert np.array_equal(outer.pictures, inner[0].pictures)
    assert [folder.name[0] for folder in cache.iterdir()] != ["."]
    assert len(list(cache.iterdir())) == 1


def shorten(folder):
    path = folder / "pictures.bin"
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    "damage",
    [
        shorten,
        lambda folder: (folder / "pictures.bin").unlink(),
        lambda folder: (folder / "cells.csv").unlink(),
        lambda folder: (folder / "skipped.csv").write_text("a\n1\n"),
        lambda folder: (folder / "notes.json").write_text("["),
    ],
)
def test_a_damaged_cache_is_named(cache, classes, damage):
    prepare_cells(classes, None, **LETTERBOX)
    (folder,) = cache.iterdir()
    damage(folder)
    with pytest.raises(DataError, match="are damaged; delete it") as refused:
        prepare_cells(classes, None, **LETTERBOX)
    assert str(folder) in str(refused.value)


def test_data_that_is_not_there_is_refused(cache, tmp_path, drawn):
    with pytest.raises(ArchiveError):
        prepare_cells(tmp_path / "none.zip", None, **LETTERBOX)
    with pytest.raises(LabelsError):
        prepare_cells(drawn.train_data, tmp_path / "none.csv", **LETTERBOX)
    assert list(cache.iterdir()) == []


def test_the_cache_is_where_the_user_says_or_the_system(monkeypatch, tmp_path):
    monkeypatch.setenv("LAVERAN_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("LAVERAN_CACHE")
    assert cache_folder().name == "laveran"
