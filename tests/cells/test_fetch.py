"""Fetching NIH's cells from a mirror on 127.0.0.1 that holds a small archive of the same form."""

import hashlib
import io
import string
import zipfile
from dataclasses import replace

import loopback
import pytest

from laveran.cells import download, fetch
from laveran.cells.fetch import NIH, fetch_nih
from laveran.errors import FetchError

MAPPINGS = {name: f"C1P1,['{name}'],,\n".encode() for name in NIH.mappings}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE_S", 0.0)


@pytest.fixture
def mirror(monkeypatch):
    """Serves a sound little archive with its tables."""
    with loopback.serving() as server:
        for name, data in MAPPINGS.items():
            server.files[f"/Malaria/{name}"] = loopback.Published(data)
        publish(server, monkeypatch, archive_of(parasitized=3, uninfected=2))
        yield server


def archive_of(parasitized, uninfected):
    """A zip of NIH's form; its pictures are noise, since nobody decodes them here."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for folder, count in (("Parasitized", parasitized), ("Uninfected", uninfected)):
            for number in range(count):
                name = f"C1P1ThinF_IMG_20180416_000000_cell_{number}.png"
                noise = hashlib.shake_256(name.encode()).digest(50_000)
                archive.writestr(f"cell_images/{folder}/{name}", noise)
            archive.writestr(f"cell_images/{folder}/Thumbs.db", b"litter")
    return buffer.getvalue()


def publish(server, monkeypatch, archive):
    """Put `archive` on the mirror, and its checksum into the facts."""
    server.files["/Malaria/cell_images.zip"] = loopback.Published(archive)
    facts = replace(
        NIH,
        sha256=hashlib.sha256(archive).hexdigest(),
        cells={"Parasitized": 3, "Uninfected": 2},
        mappings={name: hashlib.sha256(data).hexdigest() for name, data in MAPPINGS.items()},
    )
    monkeypatch.setattr(fetch, "NIH", facts)


def fetch_from(mirror, out, **settings):
    return fetch_nih(out, base_url=f"{mirror.url}/Malaria/", **settings)


def left(out):
    return sorted(path.name for path in out.iterdir())


def test_facts_are_well_formed():
    assert sum(NIH.cells.values()) == 27_558
    assert set(NIH.cells.values()) == {13_779}
    for digest in (NIH.sha256, *NIH.mappings.values()):
        assert len(digest) == 64
        assert set(digest) <= set(string.hexdigits.lower())
    assert NIH.base_url.startswith("https://")


def test_three_files_are_fetched(mirror, tmp_path):
    path = fetch_from(mirror, tmp_path / "data")
    assert path == tmp_path / "data" / "cell_images.zip"
    assert left(path.parent) == ["cell_images.zip", *MAPPINGS]
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 7
    for name, data in MAPPINGS.items():
        assert (path.parent / name).read_bytes() == data


def test_progress_is_that_of_the_archive(mirror, tmp_path):
    seen = []
    path = fetch_from(mirror, tmp_path, progress=lambda done, total: seen.append((done, total)))
    size = path.stat().st_size
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)


def test_good_files_are_not_fetched_again(mirror, tmp_path):
    fetch_from(mirror, tmp_path)
    mirror.log.clear()
    fetch_from(mirror, tmp_path)
    assert mirror.log == []


def test_damaged_file_is_fetched_again(mirror, tmp_path):
    path = fetch_from(mirror, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    mirror.log.clear()
    assert fetch_from(mirror, tmp_path).read_bytes() == whole
    assert [asked.path for asked in mirror.log] == ["/Malaria/cell_images.zip"]


def test_interrupted_archive_is_gone_on_with(mirror, tmp_path):
    mirror.files["/Malaria/cell_images.zip"].drops = [100_000]
    fetch_from(mirror, tmp_path)
    assert [asked.range for asked in mirror.log[-2:]] == [None, "bytes=100000-"]
    assert left(tmp_path) == ["cell_images.zip", *MAPPINGS]


def test_another_archive_than_the_published_one(mirror, tmp_path):
    other = archive_of(parasitized=2, uninfected=3)
    mirror.files["/Malaria/cell_images.zip"] = loopback.Published(other)
    with pytest.raises(FetchError, match=r"cell_images\.zip sent .*its SHA-256 begins"):
        fetch_from(mirror, tmp_path)
    assert left(tmp_path) == [*MAPPINGS]


def test_another_table_than_the_published_one(mirror, tmp_path):
    name = next(iter(MAPPINGS))
    mirror.files[f"/Malaria/{name}"] = loopback.Published(b"<html>Log in</html>")
    with pytest.raises(FetchError, match=f"{name} sent .*its SHA-256 begins"):
        fetch_from(mirror, tmp_path)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("archive", "fault"),
    [
        (archive_of(3, 2)[:-500], "it is no zip, or cut off"),
        (archive_of(3, 2)[:1000] + b"?" + archive_of(3, 2)[1001:], "cell_0.png' in it is damaged"),
        (archive_of(2, 2), "it holds 2 pictures in Parasitized, not 3"),
    ],
    ids=["truncated", "damaged member", "missing picture"],
)
def test_archive_is_looked_into(mirror, monkeypatch, tmp_path, archive, fault):
    """Should the noted checksum itself be that of a bad file, its contents still tell."""
    publish(mirror, monkeypatch, archive)
    with pytest.raises(FetchError, match=fault):
        fetch_from(mirror, tmp_path)
    assert left(tmp_path) == [*MAPPINGS]


def test_missing_archive_is_one_sentence(mirror, tmp_path):
    del mirror.files["/Malaria/cell_images.zip"]
    with pytest.raises(FetchError, match=r"cell_images\.zip: the server answers 404"):
        fetch_from(mirror, tmp_path)


def test_unreadable_file_is_one_sentence(mirror, monkeypatch, tmp_path):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    fetch_from(mirror, tmp_path)
    monkeypatch.setattr(fetch, "_archive_fault", refuse)
    with pytest.raises(FetchError, match=r"cell_images\.zip: Permission denied; move it away"):
        fetch_from(mirror, tmp_path)
