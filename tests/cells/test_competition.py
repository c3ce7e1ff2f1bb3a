"""Kaggle's own client against a server on 127.0.0.1 that speaks as much of its API as is needed."""

import io
import json
import sys
import zipfile
from unittest.mock import Mock

import loopback
import pytest

from laveran.cells import competition
from laveran.cells.competition import fetch_competition
from laveran.cells.kaggle_account import read_slug
from laveran.errors import ConfigError, FetchError

API = "/v1/competitions.CompetitionApiService/DownloadDataFiles"
PROOF = "/v1/security.OAuthService/IntrospectToken"
BUNDLE = "/storage/fighting-malaria.zip"
FILES = {
    "train_data.zip": b"train" * 10_000,
    "train_labels.csv": b"img_name,label\n",
    "images/a.png": b"picture",
}

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def server(kaggle):
    """Kaggle, as the client sees it: it sends a user with a token to the zip of all files."""
    kaggle.files[BUNDLE] = loopback.Published(bundle_of(FILES))
    address = f"{kaggle.url}{BUNDLE}?signature=secret"
    kaggle.posts[API] = lambda _body: (302, {"Location": address}, b"")
    return kaggle


def bundle_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def left(out):
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "text",
    [
        "fighting-malaria",
        " fighting-malaria\n",
        "https://www.kaggle.com/competitions/fighting-malaria",
        "https://www.kaggle.com/c/fighting-malaria/data?select=train_labels.csv",
        "kaggle.com/competitions/fighting-malaria/overview",
    ],
)
def test_slug_is_read_from_name_or_address(text):
    assert read_slug(text) == "fighting-malaria"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "../etc",
        "a/b",
        "-a",
        "a-",
        "ä",
        "https://www.kaggle.com/t/abc",
        "https://a.org/c/a",
    ],
)
def test_other_texts_are_no_slug(text):
    with pytest.raises(ConfigError, match="is no name of a Kaggle competition"):
        read_slug(text)


def test_missing_client_says_how_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "kaggle", None)
    monkeypatch.setitem(sys.modules, "kaggle.api.kaggle_api_extended", None)
    with pytest.raises(FetchError, match=r"pip install 'laveran\[kaggle\]'"):
        fetch_competition("fighting-malaria", tmp_path)


@pytest.mark.usefixtures("token")
def test_files_are_fetched_and_put_in_place(server, tmp_path):
    asked = []
    answer = server.posts[API]
    server.posts[API] = lambda body: asked.append(json.loads(body)) or answer(body)
    seen = []
    paths = fetch_competition(
        "https://www.kaggle.com/c/fighting-malaria",
        tmp_path / "data",
        lambda done, total: seen.append((done, total)),
    )
    assert asked == [{"competitionName": "fighting-malaria"}]
    assert {p.relative_to(tmp_path / "data").as_posix(): p.read_bytes() for p in paths} == FILES
    assert left(tmp_path / "data") == sorted(FILES)
    size = len(server.files[BUNDLE].data)
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)


@pytest.mark.usefixtures("token")
def test_interrupted_download_is_gone_on_with(server, tmp_path):
    server.files[BUNDLE].drops = [0, 20_000]  # the client's own look at it, then ours
    fetch_competition("fighting-malaria", tmp_path)
    assert [asked.range for asked in server.log] == [None, None, "bytes=20000-"]
    assert left(tmp_path) == sorted(FILES)


@pytest.mark.parametrize("active", [True, False])
def test_token_of_the_new_kind_is_proved_first(server, tmp_path, monkeypatch, active):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_0123")
    server.posts[PROOF] = loopback.answer({"active": active, "username": "ada"})
    if active:
        assert len(fetch_competition("fighting-malaria", tmp_path)) == len(FILES)
    else:
        with pytest.raises(FetchError, match="no Kaggle token that is valid"):
            fetch_competition("fighting-malaria", tmp_path)


def test_no_token_says_where_to_put_one(server, tmp_path, capsys):
    with pytest.raises(
        FetchError, match=r"https://www\.kaggle\.com/settings/api .*KAGGLE_API_TOKEN"
    ):
        fetch_competition("fighting-malaria", tmp_path)
    assert server.log == []
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("status", "message", "sentence"),
    [
        (400, "No data here", "Kaggle refuses it for .*: No data here"),
        (401, "Unauthorized", "Kaggle does not know the token"),
        (403, "You must accept this competition's rules", "competitions/fighting-malaria/rules"),
        (404, "Not found", "Kaggle knows no competition 'fighting-malaria'"),
        (429, "Too many requests", "too many requests"),
        (503, "Down", r"out of order \(it answers 503\)"),
    ],
)
def test_refusals_are_one_sentence(server, tmp_path, status, message, sentence):
    server.posts[API] = loopback.refusal(status, message)
    with pytest.raises(FetchError, match=sentence) as caught:
        fetch_competition("fighting-malaria", tmp_path)
    assert "\n" not in str(caught.value)
    assert left(tmp_path) == []


@pytest.mark.usefixtures("token", "no_network")
def test_no_network_is_one_sentence(tmp_path):
    with pytest.raises(FetchError, match=r"^Kaggle cannot be reached; check the network"):
        fetch_competition("fighting-malaria", tmp_path)


@pytest.mark.usefixtures("token")
def test_answer_without_an_address_is_refused(server, tmp_path):
    server.posts[API] = lambda _body: (200, {"Content-Type": "application/zip"}, b"PK")
    with pytest.raises(FetchError, match="Kaggle gave no address"):
        fetch_competition("fighting-malaria", tmp_path)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("cut", [100, 30_000])
def test_damaged_zip_leaves_nothing(server, tmp_path, cut):
    server.files[BUNDLE] = loopback.Published(bundle_of(FILES)[:-cut])
    with pytest.raises(FetchError, match=r"fighting-malaria\.zip sent .*no zip, or cut off") as bad:
        fetch_competition("fighting-malaria", tmp_path)
    assert "secret" not in str(bad.value)
    assert left(tmp_path) == []


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("name", ["../evil.csv", "/evil.csv", "a/../../evil.csv"])
def test_members_outside_the_folder_are_refused(server, tmp_path, name):
    out = tmp_path / "data"
    server.files[BUNDLE] = loopback.Published(bundle_of({"good.csv": b"1", name: b"2"}))
    with pytest.raises(FetchError, match="names a file outside the folder"):
        fetch_competition("fighting-malaria", out)
    assert left(tmp_path) == []


@pytest.mark.usefixtures("token")
def test_more_than_the_disk_holds_is_refused_before_writing(server, tmp_path, monkeypatch):
    monkeypatch.setattr(competition.shutil, "disk_usage", lambda _path: Mock(free=10))
    with pytest.raises(FetchError, match=r"need 50,022 bytes and .* has 10; make room"):
        fetch_competition("fighting-malaria", tmp_path)
    assert left(tmp_path) == []
