"""The pictures of a source, read and decoded by threads, in order, a few at a time in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from laveran.cells.archive import Source
from laveran.cells.listing import Entry
from laveran.cells.pictures import decode
from laveran.errors import PictureError

T = TypeVar("T")
U = TypeVar("U")

_CHUNK = 64  # entries handed to a thread at once: the executor's own cost is paid once a chunk
_CHUNK_BYTES = 1 << 20  # but no more bytes than this: photographs go one by one


def decode_stream(
    source: Source,
    transform: Callable[[NDArray[np.uint8]], T],
    *,
    entries: Iterable[Entry] | None = None,
    workers: int | None = None,
) -> Iterator[tuple[Entry, T | PictureError]]:
    """Yield every picture, decoded and transformed, in the order of the source.

    Args:
        source: Where the pictures are.
        transform: What to make of a picture, RGB uint8 [H,W,3], in the thread that decoded it:
            a crop to the size that is needed keeps memory small. It may be called from
            several threads at once.
        entries: Which pictures; all of `source` by default.
        workers: Threads; as many as cores by default.

    Yields:
        The entry, and what `transform` returned, or why the picture cannot be read.

    Example:
        >>> import cv2, tempfile
        >>> from laveran.cells.archive import open_source
        >>> path = f"{tempfile.mkdtemp()}/a.png"
        >>> _ = cv2.imwrite(path, np.zeros((2, 3, 3), np.uint8))
        >>> with open_source(path) as source:
        ...     [(entry.name, shape) for entry, shape in decode_stream(source, np.shape)]
        [('a.png', (2, 3, 3))]
    """
    return map_stream(
        source, lambda data: transform(decode(data)), entries=entries, workers=workers
    )


def batch_stream(
    source: Source,
    transform: Callable[[NDArray[np.uint8]], T],
    score: Callable[[list[T]], Sequence[U]],
    *,
    entries: Iterable[Entry] | None = None,
    workers: int | None = None,
) -> Iterator[tuple[Entry, U | PictureError]]:
    """As `decode_stream`, then `score` on up to 64 pictures at once, in the same thread.

    Args:
        source: Where the pictures are.
        transform: What to make of each picture.
        score: Turns a list of what `transform` made into one result each.
        entries: Which pictures; all of `source` by default.
        workers: Threads; as many as cores by default.

    Yields:
        The entry, and its result, or why the picture cannot be read.
    """

    def run(chunk: list[Entry]) -> list[tuple[Entry, U | PictureError]]:
        looked = [_attempt(source, entry, lambda data: transform(decode(data))) for entry in chunk]
        good = [look for look in looked if not isinstance(look, PictureError)]
        scores = iter(score(good) if good else ())
        return [
            (entry, look if isinstance(look, PictureError) else next(scores))
            for entry, look in zip(chunk, looked, strict=True)
        ]

    return _in_order(run, source if entries is None else entries, workers)


def map_stream(
    source: Source,
    work: Callable[[bytes], T],
    *,
    entries: Iterable[Entry] | None = None,
    workers: int | None = None,
) -> Iterator[tuple[Entry, T | PictureError]]:
    """Yield what `work` makes of every picture's bytes, in the order of the source.

    As `decode_stream`, for those who need the bytes themselves.
    """

    def run(chunk: list[Entry]) -> list[tuple[Entry, T | PictureError]]:
        return [(entry, _attempt(source, entry, work)) for entry in chunk]

    return _in_order(run, source if entries is None else entries, workers)


def _attempt(source: Source, entry: Entry, work: Callable[[bytes], T]) -> T | PictureError:
    """What `work` makes of an entry's bytes, or why it cannot."""
    try:
        return work(source.read(entry))
    except PictureError as error:
        return error


def _in_order(
    run: Callable[[list[Entry]], list[T]], entries: Iterable[Entry], workers: int | None
) -> Iterator[T]:
    """What `run` makes of chunks of `entries`, in order, with a bounded number under way."""
    workers = workers or _cores()
    pending: deque[Future[list[T]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="pictures")
    try:
        for chunk in _chunks(entries):
            pending.append(pool.submit(run, chunk))
            if len(pending) > workers + 1:  # each thread has a chunk, and one waits
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Cut `entries` into chunks of bounded count and bytes."""
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        if chunk and (len(chunk) == _CHUNK or size + entry.size > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += entry.size
    if chunk:
        yield chunk


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
