"""Downloads: an address becomes a checked file, and an interrupted one is gone on with.

What has arrived stays beside the target as `NAME.part`, and in `NAME.part.version` stands which
version of the file it belongs to (the ETag, else the date). The next try asks for the rest only,
and only of that version (RFC 9110, 13.1.5 and 14.2: `If-Range`, `Range`); a server that cannot do
so, or has another version by now, sends all of it anew. The target appears by a rename, once all
of it has arrived and was found good.
"""

from __future__ import annotations

import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from laveran import files
from laveran.errors import FetchError

Progress = Callable[[int, int | None], None]  # bytes that are here, bytes in all if known
Check = Callable[[Path], str | None]  # what is wrong with a file, None when it is good

TRIES = 3  # in a row that bring nothing new
PAUSE_S = 1.0  # before the next try, times the number of vain ones
TIMEOUT_S = 30.0  # of silence on the line
_CHUNK_BYTES = 1 << 18
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that another try may mend


def download(
    url: str, target: Path | str, *, check: Check, progress: Progress | None = None
) -> Path:
    """Fetch `url` into the file `target`, whole and good or not at all.

    Args:
        url: An http or https address.
        target: The file to write; missing folders are made, an older file is replaced.
        check: Says of the file that has arrived what is wrong with it, or None.
        progress: Called with the bytes that are here, and all bytes if the server tells.

    Returns:
        `target`.

    Raises:
        FetchError: If the server cannot be reached `TRIES` times in a row, refuses, or sends what
            `check` finds wrong; or if the file cannot be written. What has arrived is kept for
            the next call, except if it is wrong.

    Example:
        >>> download("file:///cells.zip", "cells.zip", check=lambda path: None)
        Traceback (most recent call last):
        ...
        laveran.errors.FetchError: 'file:///cells.zip' is no http or https address
    """
    target = Path(target)
    if urlsplit(url).scheme not in ("http", "https"):
        raise FetchError(f"{url!r} is no http or https address")
    if target.is_dir():
        raise FetchError(f"cannot write {target}: there is a folder of that name; move it away")
    part = _Part(target.with_name(target.name + ".part"))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _transfer(url, part, progress or _nobody_looks)
        if fault := check(part.path):
            part.discard()
            raise FetchError(
                f"what {_shown(url)} sent is not what is published: {fault}; "
                "nothing was kept, run the same command again"
            )
        part.become(target)
    except OSError as error:
        raise FetchError(
            f"cannot write {error.filename or target}: {error.strerror}; make room or choose "
            "another folder"
        ) from error
    return target


class _LostError(Exception):
    """The download broke off in a way that another try may mend."""


@dataclass(frozen=True)
class _Part:
    """What has arrived so far, and the version of the file that it belongs to."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def _version(self) -> Path:
        return self.path.with_name(self.path.name + ".version")

    def headers(self) -> dict[str, str]:
        """What to say to be sent the rest only."""
        if self.size == 0 or not self._version.exists():
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": self._version.read_text("utf-8")}

    def restart(self, version: str | None) -> None:
        """Begin anew; emptied before the version is noted, so that the two never disagree."""
        self.path.write_bytes(b"")
        if version is None:
            self._version.unlink(missing_ok=True)
        else:
            files.write_text(self._version, version)

    def become(self, target: Path) -> None:
        """Force the bytes to disk, then take the name of `target`."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(target)
        self._version.unlink(missing_ok=True)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def _transfer(url: str, part: _Part, progress: Progress) -> None:
    """Bring `part` to its full length, however often the line drops, as long as it grows."""
    vain, reached = 0, part.size
    while True:
        try:
            _receive(url, part, progress)
        except _LostError as error:
            vain = 0 if part.size > reached else vain + 1
            reached = max(reached, part.size)
            if vain == TRIES:
                kept = f" (the {part.size:,} bytes so far are kept)" if part.size else ""
                raise FetchError(
                    f"cannot fetch {_shown(url)}: {error}; "
                    f"check the network and run the same command again{kept}"
                ) from error
            time.sleep(PAUSE_S * vain)
        else:
            return


def _receive(url: str, part: _Part, progress: Progress) -> None:
    """Ask once for what `part` lacks, and append what comes."""
    response = _ask(url, part)
    if response is None:
        progress(part.size, part.size)
        return
    with response:
        done = _begin(response, part)
        length = response.headers.get("Content-Length", "")
        total = done + int(length) if length.isdecimal() else None
        progress(done, total)
        with part.path.open("ab") as file:
            for chunk in _chunks(response):
                file.write(chunk)
                done += len(chunk)
                progress(done, total)
    if total is not None and done < total:
        raise _LostError(f"the connection broke off after {done:,} of {total:,} bytes")


def _ask(url: str, part: _Part) -> http.client.HTTPResponse | None:
    """The server's answer, or None when it says that nothing is missing."""
    headers = {"User-Agent": "laveran", "Accept-Encoding": "identity", **part.headers()}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - download() saw to it
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # type: ignore[no-any-return] # noqa: S310
    except urllib.error.HTTPError as error:
        error.close()
        answer = f"the server answers {error.code} ({error.reason})"
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            if error.headers.get("Content-Range") == f"bytes */{part.size}":
                return None
            part.discard()
            raise _LostError(answer) from error
        if error.code in _PASSING:
            raise _LostError(answer) from error
        raise FetchError(
            f"cannot fetch {_shown(url)}: {answer}; see in a browser whether it has moved"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise _LostError(_reason(error)) from error


def _begin(response: http.client.HTTPResponse, part: _Part) -> int:
    """Where in the file the answer begins: at the end of `part`, or at 0 with `part` emptied."""
    if response.status == HTTPStatus.PARTIAL_CONTENT:
        found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
        if found and int(found[1]) == part.size:
            return part.size
        part.discard()
        raise _LostError("the server sent another range than was asked for")
    etag = response.headers.get("ETag", "W/")
    weak = etag.startswith("W/")  # not fit for If-Range (RFC 9110, 13.1.5)
    part.restart(response.headers.get("Last-Modified") if weak else etag)
    return 0


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as it comes in."""
    try:
        while chunk := response.read1(_CHUNK_BYTES):
            yield chunk
    except (OSError, http.client.HTTPException) as error:
        raise _LostError(_reason(error)) from error


def _nobody_looks(_done: int, _total: int | None) -> None:
    """The progress that nobody asked for."""


def _reason(error: Exception) -> str:
    """What happened on the line, in the fewest words of the system's own."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__


def _shown(url: str) -> str:
    """`url` without its query, which may hold a signature."""
    return url.partition("?")[0]
