"""An HTTP server on 127.0.0.1 whose files, faults and log the tests set."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Published:
    """A file on the server."""

    data: bytes
    etag: str | None = '"first"'
    modified: str | None = None
    ranges: bool = True
    length: bool = True  # whether Content-Length is sent
    statuses: list[int] = field(default_factory=list)  # of the next answers, instead of the file
    drops: list[int] = field(default_factory=list)  # the next answers end after so many bytes
    resets: bool = False  # whether such an answer ends by a reset of the connection
    shift: int = 0  # a broken server: its ranges begin so many bytes too late


@dataclass
class Asked:
    """A request that came."""

    path: str
    range: str | None
    if_range: str | None


Answer = tuple[int, dict[str, str], bytes]
Answerer = Callable[[bytes], Answer]  # from the body of what was asked


@dataclass
class Loopback:
    """The server as the tests see it."""

    url: str
    files: dict[str, Published] = field(default_factory=dict)
    posts: dict[str, Answerer] = field(default_factory=dict)
    puts: dict[str, Answerer] = field(default_factory=dict)
    log: list[Asked] = field(default_factory=list)


def answer(value: object, status: int = 200) -> Answerer:
    """Answers everything with `value` as JSON."""
    body = json.dumps(value).encode()
    return lambda _body: (status, {"Content-Type": "application/json"}, body)


def refusal(status: int, message: str) -> Answerer:
    """Answers everything as Kaggle's API does what it refuses."""
    return answer({"code": status, "message": message}, status)


def unused_url() -> str:
    """An address where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


@contextmanager
def serving() -> Iterator[Loopback]:
    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Handler.state = Loopback(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Handler.state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: Loopback

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.state.log.append(Asked(path, self.headers.get("Range"), self.headers.get("If-Range")))
        file = self.state.files.get(path)
        if file is None:
            self.send_error(404)
        elif file.statuses:
            self.send_error(file.statuses.pop(0))
        else:
            self._send(file)

    def do_POST(self):
        self._answer(self.state.posts)

    def do_PUT(self):
        self._answer(self.state.puts)

    def _answer(self, answerers: dict[str, Answerer]):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, answer = answerers[self.path](body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _send(self, file: Published):
        start = self._start(file)
        if start and start >= len(file.data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(file.data)}")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        start += file.shift if start else 0
        body = file.data[start:]
        if start:
            end = len(file.data) - 1
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(file.data)}")
        if file.length:
            self.send_header("Content-Length", str(len(body)))
        if file.etag:
            self.send_header("ETag", file.etag)
        if file.modified:
            self.send_header("Last-Modified", file.modified)
        self.end_headers()
        if not file.drops:
            self.wfile.write(body)
            return
        self.wfile.write(body[: file.drops.pop(0)])
        if file.resets:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def _start(self, file: Published) -> int:
        """Where the answer begins: as asked, if ranges are served and the version is the same."""
        asked, version = self.headers.get("Range"), self.headers.get("If-Range")
        if asked is None or not file.ranges or version not in (None, file.etag, file.modified):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *_):
        """Say nothing."""
