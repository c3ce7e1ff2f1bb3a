"""Zips, folders and single pictures, whole and hostile."""

import io
import os
import struct
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laveran.cells.archive import open_source
from laveran.cells.listing import Limits
from laveran.errors import ArchiveError, PictureError

CENTRAL_SIZE = 24  # where a directory record of a zip has the unpacked size (APPNOTE.TXT 4.3.12)


@pytest.fixture
def make_zip(tmp_path):
    def make(*members, method=zipfile.ZIP_DEFLATED):
        path = tmp_path / "cells.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return path

    return make


def names(source):
    return [entry.name for entry in source]


def reasons(source):
    return dict(source.skipped)


def patch(path, signature, offset, new):
    """Overwrite bytes in the last record of a zip that begins with `signature`."""
    data = bytearray(path.read_bytes())
    at = data.rindex(signature) + offset
    data[at : at + len(new)] = new
    path.write_bytes(data)


def test_a_zip_is_read_in_its_own_order_without_folders(make_zip):
    path = make_zip(("train/", ""), ("train/b.png", b"bb"), ("train/sub/a.JPG", b"a"))
    with open_source(path) as source:
        assert names(source) == ["train/b.png", "train/sub/a.JPG"]
        assert [source.read(entry) for entry in source] == [b"bb", b"a"]
        assert [entry.size for entry in source] == [2, 1]
        assert source.skipped == ()
        assert len(source) == 2
        assert source.by_name["train/b.png"].size == 2


def test_nothing_is_unpacked_to_disk(make_zip):
    path = make_zip(("a.png", b"a"))
    with open_source(path) as source:
        source.read(source.entries[0])
        assert list(path.parent.iterdir()) == [path]


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.sampled_from([0, 8]))
def test_every_byte_is_read_as_it_was_packed(tmp_path_factory, contents, method):
    path = tmp_path_factory.mktemp("zip") / "cells.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.png", content)
    with open_source(path) as source:
        assert [source.read(entry) for entry in source] == contents


def test_large_and_streamed_members_are_found_by_their_local_headers(tmp_path):
    class Pipe(io.RawIOBase):
        """Cannot be wound back, so that sizes follow the data ("data descriptors")."""

        def __init__(self):
            self.data = bytearray(b"a program that unpacks itself")

        def writable(self):
            return True

        def write(self, piece):
            self.data += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("a.png", "w", force_zip64=True) as member:
            member.write(b"a" * 1000)
        archive.writestr("b.png", b"b")
    path = tmp_path / "cells.zip"
    path.write_bytes(pipe.data)
    with open_source(path) as source:
        assert [source.read(entry) for entry in source] == [b"a" * 1000, b"b"]


@pytest.mark.parametrize("platform", ["POSIX", "Windows"])
def test_many_threads_may_read_at_once(make_zip, monkeypatch, platform):
    if platform == "Windows":
        monkeypatch.delattr(os, "pread", raising=False)
    contents = [(f"{number}.png", os.urandom(number * 7)) for number in range(1, 200)]
    with open_source(make_zip(*contents)) as source, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(source.read, source)) == [content for _, content in contents]


def test_the_litter_of_operating_systems_is_not_worth_a_word(make_zip):
    litter = ["__MACOSX/train/._a.png", "train/.DS_Store", "train/Thumbs.db", "train/desktop.ini"]
    path = make_zip(*((name, b"x") for name in litter), ("._b.png", b"x"), ("train/a.png", b"a"))
    with open_source(path) as source:
        assert names(source) == ["train/a.png"]
        assert source.skipped == ()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../a.png", "leads out of the archive"),
        ("train/../../a.png", "leads out of the archive"),
        ("/etc/a.png", "leads out of the archive"),
        ("C:/a.png", "leads out of the archive"),
        ("..\\a.png", "leads out of the archive"),
        ("labels.csv", "not a picture by its name"),
        ("README", "not a picture by its name"),
        ("train/png", "not a picture by its name"),
        ("more.zip", "a zip inside"),
        (".hidden/a.png", "hidden"),
        ("train/.a.png", "hidden"),
        ("a\nb.png", "cannot be written"),
    ],
)
def test_what_is_left_out_of_a_zip_and_why(make_zip, name, reason):
    with open_source(make_zip((name, b"x"), ("b.png", b"b"))) as source:
        assert names(source) == ["b.png"]
        ((skipped, why),) = source.skipped
        assert reason in why
        assert skipped == name.replace("\\", "/").replace("\n", "\\x0a")


def test_a_member_without_a_name_is_left_out(make_zip):
    path = make_zip(("a.png", b"a"), ("b", b"b"))
    patch(path, b"PK\1\2", 46, b"\0")  # where a directory record has the name
    with open_source(path) as source:
        assert reasons(source) == {"": "not a picture by its name"}


def test_backslashes_and_a_leading_dot_are_no_part_of_a_name(make_zip):
    with open_source(make_zip(("Parasitized\\a.png", b"a"), ("./b.png", b"b"))) as source:
        assert names(source) == ["Parasitized/a.png", "b.png"]


def test_of_one_name_twice_the_first_counts(make_zip):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = make_zip(("a.png", b"first"), ("a.png", b"second"))
    with open_source(path) as source:
        assert [source.read(entry) for entry in source] == [b"first"]
        assert "twice" in reasons(source)["a.png"]


def test_an_encrypted_picture_is_left_out(make_zip):
    path = make_zip(("a.png", b"a"), ("b.png", b"b"))
    patch(path, b"PK\1\2", 8, b"\1")
    with open_source(path) as source:
        assert names(source) == ["a.png"]
        assert reasons(source) == {"b.png": "encrypted; pack the zip without a password"}


def test_a_wholly_encrypted_zip_is_refused(make_zip):
    path = make_zip(("a.png", b"a"))
    patch(path, b"PK\1\2", 8, b"\1")
    with pytest.raises(ArchiveError, match=r"no picture to read in .*'a\.png' .* encrypted"):
        open_source(path)


def test_an_unusual_method_of_packing_is_left_out(make_zip):
    path = make_zip(("a.png", b"a" * 100), method=zipfile.ZIP_LZMA)
    with pytest.raises(ArchiveError, match="packed by method 14; pack it by the usual one"):
        open_source(path)


def test_a_zip_bomb_is_left_out(make_zip):
    path = make_zip(("bomb.bmp", bytes(2 << 20)), ("small.bmp", bytes(1 << 20)))
    with open_source(path) as source:
        assert names(source) == ["small.bmp"]
        assert "as a zip bomb is" in reasons(source)["bomb.bmp"]


def test_limits_of_size(make_zip):
    path = make_zip(*((f"{n}.png", bytes(300)) for n in range(3)), ("large.png", bytes(500)))
    with open_source(path, Limits(entry_bytes=400, total_bytes=700)) as source:
        assert names(source) == ["0.png", "1.png"]
        assert "beyond the limit" in reasons(source)["2.png"]
        assert "too large" in reasons(source)["large.png"]


@pytest.mark.parametrize("size", [0, 99, 101, 1 << 19])
def test_a_zip_that_lies_about_a_size_is_noticed_at_reading(make_zip, size):
    path = make_zip(("a.png", bytes(100)))
    patch(path, b"PK\1\2", CENTRAL_SIZE, struct.pack("<I", size))
    with open_source(path) as source, pytest.raises(PictureError, match="size or checksum"):
        source.read(source.entries[0])


def test_inflating_stops_at_the_size_that_was_promised(make_zip):
    path = make_zip(("a.png", bytes(64 << 20)))
    patch(path, b"PK\1\2", CENTRAL_SIZE, struct.pack("<I", 100))
    with open_source(path) as source:
        import tracemalloc

        tracemalloc.start()
        with pytest.raises(PictureError):
            source.read(source.entries[0])
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_picture_damaged_inside_a_zip_spoils_no_other(make_zip, method):
    path = make_zip(("a.png", os.urandom(100)), ("b.png", b"b"), method=method)
    data = bytearray(path.read_bytes())
    data[60] ^= 0xFF
    path.write_bytes(data)
    with open_source(path) as source:
        with pytest.raises(PictureError, match="damaged inside the zip"):
            source.read(source.by_name["a.png"])
        assert source.read(source.by_name["b.png"]) == b"b"


def test_a_member_that_is_not_where_the_directory_says(make_zip):
    path = make_zip(("a.png", b"a"), ("b.png", b"b"))
    patch(path, b"PK\3\4", 0, b"XXXX")
    with open_source(path) as source, pytest.raises(PictureError, match="not where the directory"):
        source.read(source.by_name["b.png"])


def test_a_member_beyond_the_end_is_left_out(make_zip):
    path = make_zip(("a.png", b"a"), ("b.png", b"b"))
    patch(path, b"PK\1\2", 42, struct.pack("<I", 1 << 20))
    with open_source(path) as source:
        assert reasons(source) == {"b.png": "damaged: it lies beyond the end of the zip"}


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.99])
def test_a_zip_cut_off_is_refused(make_zip, share):
    path = make_zip(*((f"{n}.png", os.urandom(50)) for n in range(20)))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ArchiveError, match=r"cells\.zip is no zip, or cut off or damaged"):
        open_source(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.zip", b"", r"is empty \(0 bytes\)"),
        ("text.zip", b"a text", "is no zip"),
        ("cells", b"PK\3\4 cut off", "is no zip"),
        ("cells.tar.gz", b"\x1f\x8b", "is neither a zip, nor a folder, nor a picture"),
        ("nothing.zip", b"PK\5\6" + bytes(18), "there is no picture in .*: it is empty"),
    ],
)
def test_what_is_no_source_is_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArchiveError, match=message):
        open_source(tmp_path / name)


def test_a_missing_source_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match=r"cannot open .*cells\.zip: No such file"):
        open_source(tmp_path / "cells.zip")


def test_a_zip_without_pictures_is_refused(make_zip):
    with pytest.raises(
        ArchiveError, match=r"'a\.csv' is left out, not a picture .* \(and 1 more\)"
    ):
        open_source(make_zip(("a.csv", b"x"), ("b.csv", b"x")))


def test_a_zip_without_its_suffix_is_a_zip_all_the_same(make_zip):
    path = make_zip(("a.png", b"a"))
    with open_source(path.rename(path.with_suffix(""))) as source:
        assert names(source) == ["a.png"]


def test_a_folder_is_read_sorted_and_with_its_subfolders(tmp_path):
    for name in ("b/2.png", "b/10.png", "a/z/1.png", "c.png", "notes.txt", "Thumbs.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    with open_source(tmp_path) as source:
        assert names(source) == ["c.png", "a/z/1.png", "b/10.png", "b/2.png"]
        assert [source.read(entry).decode() for entry in source] == names(source)
        assert reasons(source) == {"notes.txt": "not a picture by its name"}


@pytest.mark.skipif(sys.platform == "win32", reason="names and links are POSIX's")
def test_what_is_left_out_of_a_folder_and_why(tmp_path):
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "a.png").write_bytes(b"a")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / os.fsdecode(b"\xe4.png")).write_bytes(b"a")
    (tmp_path / "a.png").write_bytes(b"a")
    with open_source(tmp_path) as source:
        assert names(source) == ["a.png"]
        assert reasons(source) == {
            ".cache": "hidden: the folder's name begins with a dot",
            "loop": "a link to a folder is not followed",
            "gone.png": "cannot be read: No such file or directory",
            "pipe.png": "not a regular file",
            "\\udce4.png": "its name has characters that cannot be written; rename it",
        }


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match=r"there is no picture in .*: it is empty"):
        open_source(tmp_path)


def test_a_file_that_changes_or_goes_is_noticed(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x")
    with open_source(tmp_path) as source:
        (tmp_path / "a.png").write_bytes(b"xx")
        (tmp_path / "b.png").unlink()
        with pytest.raises(PictureError, match="its size has changed"):
            source.read(source.by_name["a.png"])
        with pytest.raises(PictureError, match="cannot be read: No such file"):
            source.read(source.by_name["b.png"])


def test_a_single_picture_is_a_source_of_one(tmp_path):
    (tmp_path / "a.png").write_bytes(b"a")
    (tmp_path / "b.png").write_bytes(b"b")
    with open_source(str(tmp_path / "b.png")) as source:
        assert names(source) == ["b.png"]
        assert source.read(source.entries[0]) == b"b"
