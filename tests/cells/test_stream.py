"""Pictures in a stream: in order, by threads, few at a time."""

import threading
import zipfile

import cv2
import numpy as np
import pytest

from laveran.cells.archive import open_source
from laveran.cells.stream import batch_stream, decode_stream, map_stream
from laveran.errors import PictureError

N_PICTURES = 1000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A thousand tiny pictures, each of its own shade; every hundredth is broken."""
    path = tmp_path_factory.mktemp("stream") / "cells.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(N_PICTURES):
            picture = np.full((2, 3, 3), number % 256, np.uint8)
            content = (
                b"broken" if number % 100 == 50 else cv2.imencode(".png", picture)[1].tobytes()
            )
            archive.writestr(f"{number}.png", content)
    with open_source(path) as source:
        yield source


@pytest.mark.parametrize("workers", [None, 1, 2, 5])
def test_every_picture_comes_in_order_and_broken_ones_as_their_errors(source, workers):
    stream = list(decode_stream(source, lambda picture: int(picture[0, 0, 0]), workers=workers))
    assert [entry for entry, _ in stream] == list(source)
    broken = [n for n, (_, shade) in enumerate(stream) if isinstance(shade, PictureError)]
    assert broken == list(range(50, N_PICTURES, 100))
    assert all(shade == n % 256 for n, (_, shade) in enumerate(stream) if n not in broken)


def test_batches_are_scored_together_without_the_broken_ones(source):
    sizes = []

    def score(shades):
        sizes.append(len(shades))
        return [shade / 255 for shade in shades]

    stream = list(batch_stream(source, lambda picture: int(picture.max()), score, workers=2))
    assert [entry for entry, _ in stream] == list(source)
    broken = [n for n, (_, shade) in enumerate(stream) if isinstance(shade, PictureError)]
    assert broken == list(range(50, N_PICTURES, 100))
    assert all(s == n % 256 / 255 for n, (_, s) in enumerate(stream) if n not in broken)
    assert sum(sizes) == N_PICTURES - len(broken)
    assert max(sizes) <= 64


def test_a_batch_without_a_whole_picture_is_not_scored(source):
    stream = batch_stream(source, np.shape, pytest.fail, entries=source.entries[50:51])
    assert [type(result) for _, result in stream] == [PictureError]


def test_only_the_asked_entries_are_read_in_the_asked_order(source):
    asked = source.entries[700:300:-100]
    assert [entry for entry, _ in map_stream(source, len, entries=asked)] == list(asked)


def test_reading_does_not_run_ahead(source):
    read = []
    stream = map_stream(source, read.append, workers=2)
    for _ in range(10):
        next(stream)
    assert len(read) <= 5 * 64
    stream.close()
    assert len(read) <= 5 * 64


def test_large_pictures_go_one_by_one(tmp_path):
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.png", bytes(600_000))
    read = []
    with open_source(path) as source:
        stream = map_stream(source, lambda data: read.append(len(data)), workers=2)
        next(stream)
        assert len(read) <= 5
        stream.close()


def test_a_stream_left_early_leaves_no_threads(source):
    before = threading.active_count()
    stream = map_stream(source, len)
    next(stream)
    stream.close()
    assert threading.active_count() == before


def test_a_fault_of_ours_is_not_taken_for_a_broken_picture(source):
    with pytest.raises(ZeroDivisionError):
        list(map_stream(source, lambda data: 1 / (len(data) * 0)))
