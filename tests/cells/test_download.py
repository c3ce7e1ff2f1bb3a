"""Downloads against a real HTTP server: whole, broken off, changed, refused, wrong."""

import socket

import loopback
import pytest

from laveran.cells import download as module
from laveran.cells.download import TRIES, download
from laveran.errors import FetchError

DATA = bytes(range(256)) * 2000  # 512,000 bytes: more than one chunk
DATE = "Mon, 16 Apr 2018 00:00:00 GMT"


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """No proxy between us and 127.0.0.1; pauses are noted, not slept."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    noted: list[float] = []
    monkeypatch.setattr(module.time, "sleep", noted.append)
    return noted


@pytest.fixture
def server():
    with loopback.serving() as server:
        server.files["/cells.zip"] = loopback.Published(DATA)
        yield server


@pytest.fixture
def target(tmp_path):
    return tmp_path / "out" / "cells.zip"


def good(path):
    return None


def green(path):
    return "it is green"


def fetch(server, target, **settings):
    return download(f"{server.url}/cells.zip", target, check=good, **settings)


def left(target):
    return sorted(path.name for path in target.parent.iterdir())


def ranges(server):
    return [asked.range for asked in server.log]


def break_off(server, target, after):
    """Leave behind what a process leaves that was killed after so many bytes."""

    class Killed(BaseException):
        pass

    def kill(done, total):
        if done >= after:
            raise Killed

    server.files["/cells.zip"].drops = [after]
    with pytest.raises(Killed):
        fetch(server, target, progress=kill)
    assert left(target) == ["cells.zip.part", "cells.zip.part.version"]
    server.log.clear()


def test_whole_file_arrives_and_nothing_else_is_left(server, target):
    assert fetch(server, target) == target
    assert target.read_bytes() == DATA
    assert left(target) == ["cells.zip"]
    assert ranges(server) == [None]


def test_progress_grows_from_nothing_to_all(server, target):
    seen = []
    fetch(server, target, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, len(DATA))
    assert seen[-1] == (len(DATA), len(DATA))
    assert seen == sorted(seen)


def test_progress_without_a_length_has_no_total(server, target):
    server.files["/cells.zip"].length = False
    seen = []
    fetch(server, target, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(DATA), None)
    assert target.read_bytes() == DATA


def test_older_file_is_replaced_only_by_a_good_one(server, target):
    target.parent.mkdir()
    target.write_bytes(b"old")
    with pytest.raises(FetchError):
        download(f"{server.url}/cells.zip", target, check=green)
    assert target.read_bytes() == b"old"
    fetch(server, target)
    assert target.read_bytes() == DATA


def test_dropped_line_is_taken_up_where_it_broke(server, target, pauses):
    server.files["/cells.zip"].drops = [300_000, 100_000]
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert ranges(server) == [None, "bytes=300000-", "bytes=400000-"]
    assert {asked.if_range for asked in server.log[1:]} == {'"first"'}
    assert pauses == [0, 0]  # each try brought something: at once


def test_reset_line_is_taken_up_too(server, target):
    server.files["/cells.zip"].drops = [300_000]
    server.files["/cells.zip"].resets = True
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert len(server.log) == 2


def test_killed_download_is_gone_on_with_by_the_next_call(server, target):
    break_off(server, target, 200_000)
    seen = []
    fetch(server, target, progress=lambda done, total: seen.append((done, total)))
    assert target.read_bytes() == DATA
    assert ranges(server) == ["bytes=200000-"]
    assert seen[0] == (200_000, len(DATA))
    assert left(target) == ["cells.zip"]


def test_many_drops_do_not_end_a_download_that_grows(server, target):
    server.files["/cells.zip"].drops = [50_000] * 10
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert len(server.log) == 11


def test_changed_file_is_fetched_anew(server, target):
    break_off(server, target, 200_000)
    server.files["/cells.zip"] = loopback.Published(DATA[::-1], etag='"second"')
    fetch(server, target)
    assert target.read_bytes() == DATA[::-1]
    assert [(asked.range, asked.if_range) for asked in server.log] == [("bytes=200000-", '"first"')]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_date_serves_where_there_is_no_strong_etag(server, target, etag):
    server.files["/cells.zip"] = loopback.Published(DATA, etag=etag, modified=DATE)
    break_off(server, target, 200_000)
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert [(asked.range, asked.if_range) for asked in server.log] == [("bytes=200000-", DATE)]


def test_without_any_version_all_is_fetched_anew(server, target):
    server.files["/cells.zip"] = loopback.Published(DATA, etag=None, drops=[200_000])
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert ranges(server) == [None, None]


def test_server_without_ranges_sends_all_anew(server, target):
    server.files["/cells.zip"].ranges = False
    break_off(server, target, 200_000)
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert ranges(server) == ["bytes=200000-"]


def test_server_without_ranges_that_always_drops_is_given_up(server, target):
    server.files["/cells.zip"] = loopback.Published(DATA, ranges=False, drops=[1000] * 99)
    with pytest.raises(FetchError, match="broke off after 1,000 of 512,000 bytes"):
        fetch(server, target)
    assert len(server.log) == 1 + TRIES


def test_complete_part_needs_no_more_bytes(server, target):
    break_off(server, target, len(DATA))
    seen = []
    fetch(server, target, progress=lambda done, total: seen.append((done, total)))
    assert target.read_bytes() == DATA
    assert seen == [(len(DATA), len(DATA))]


def test_part_longer_than_the_file_is_dropped(server, target):
    break_off(server, target, 200_000)
    server.files["/cells.zip"] = loopback.Published(DATA[:1000])  # the same ETag: a broken server
    fetch(server, target)
    assert target.read_bytes() == DATA[:1000]
    assert ranges(server) == ["bytes=200000-", None]


def test_another_range_than_asked_for_is_not_appended(server, target):
    break_off(server, target, 200_000)
    server.files["/cells.zip"].shift = 5
    fetch(server, target)
    assert target.read_bytes() == DATA
    assert ranges(server) == ["bytes=200000-", None]


def test_wrong_file_leaves_nothing(server, target):
    with pytest.raises(FetchError, match=r"/cells\.zip sent is not .*: it is green; nothing"):
        download(f"{server.url}/cells.zip", target, check=green)
    assert left(target) == []


def test_check_sees_the_whole_file_before_it_is_in_place(server, target):
    def check(path):
        assert path.read_bytes() == DATA
        assert not target.exists()

    download(f"{server.url}/cells.zip", target, check=check)
    assert target.exists()


def test_missing_file_is_one_sentence_and_one_try(server, target):
    with pytest.raises(FetchError, match=r"/gone\.zip: the server answers 404 \(Not Found\)"):
        download(f"{server.url}/gone.zip?signature=secret", target, check=good)
    assert len(server.log) == 1


def test_query_is_not_shown(server, target):
    with pytest.raises(FetchError) as caught:
        download(f"{server.url}/gone.zip?signature=secret", target, check=good)
    assert "secret" not in str(caught.value)


def test_server_out_of_order_is_tried_some_times(server, target, pauses):
    server.files["/cells.zip"].statuses = [500] * 99
    with pytest.raises(FetchError, match=r"500 \(Internal Server Error\); check the network"):
        fetch(server, target)
    assert len(server.log) == TRIES
    assert pauses == [1.0, 2.0]


def test_server_that_recovers_is_not_given_up(server, target):
    server.files["/cells.zip"].statuses = [503, 429]
    fetch(server, target)
    assert target.read_bytes() == DATA


def test_part_survives_a_server_out_of_order(server, target):
    break_off(server, target, 200_000)
    server.files["/cells.zip"].statuses = [500] * TRIES
    with pytest.raises(FetchError, match=r"\(the 200,000 bytes so far are kept\)"):
        fetch(server, target)
    fetch(server, target)
    assert ranges(server) == ["bytes=200000-"] * (TRIES + 1)
    assert target.read_bytes() == DATA


def test_refused_connection_is_one_sentence(target):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/cells.zip"
        with pytest.raises(FetchError, match="Connection refused; check the network") as caught:
            download(url, target, check=good)
    assert "\n" not in str(caught.value)
    assert left(target) == []


def test_silent_server_is_given_up(target, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/cells.zip"
        with pytest.raises(FetchError, match="timed out"):
            download(url, target, check=good)


def test_folder_in_the_place_of_the_file(server, target):
    target.mkdir(parents=True)
    with pytest.raises(FetchError, match="there is a folder of that name"):
        fetch(server, target)
    assert server.log == []


def test_file_in_the_place_of_the_folder(server, target):
    target.parent.write_text("no folder")
    with pytest.raises(FetchError, match=r"cannot write .*out"):
        fetch(server, target)


@pytest.mark.parametrize("url", ["file:///etc/hosts", "ftp://127.0.0.1/a.zip", "cells.zip"])
def test_other_addresses_are_refused(url, target):
    with pytest.raises(FetchError, match="no http or https address"):
        download(url, target, check=good)
