"""Writing files whole or not at all: beside the target, then renamed into place."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from laveran.errors import OutputError


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it becomes `path`.

    If the body raises, or the process is killed, `path` is left as it was.
    Missing parent folders are created. The suffix is kept, since some
    libraries choose the format by it.

    Raises:
        OutputError: If the system does not let `path` be written.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "figures.csv"
    >>> with replacing(target) as scratch:
    ...     _ = scratch.write_text("a,b")
    >>> target.read_text()
    'a,b'
    """
    target = Path(path)
    if target.exists() and not target.is_file():  # a device would become a file
        raise OutputError(f"cannot write {path}: it is no file; choose another name")
    scratch = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = _scratch(target)
        yield scratch
        _sync(scratch)
        scratch.chmod(0o666 & ~_umask())
        scratch.replace(target)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"cannot write {path}: {reason}; choose or make another place") from error
    finally:
        if scratch:
            scratch.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8", newline="")


def write_csv(
    path: Path | str,
    header: Iterable[object],
    rows: Iterable[Iterable[object]],
    delimiter: str = ",",
) -> None:
    """Write a table as UTF-8 CSV to `path`, whole or not at all; see `csv_text`."""
    write_text(path, csv_text(header, rows, delimiter))


def csv_text(
    header: Iterable[object], rows: Iterable[Iterable[object]], delimiter: str = ","
) -> str:
    r"""A table as CSV, each line ended by a line feed; None becomes an empty field.

    >>> csv_text(("name", "reason"), [("a.png", None), ("b.png", "cut off, empty")])
    'name,reason\na.png,\nb.png,"cut off, empty"\n'
    """
    text = io.StringIO()
    table = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    return text.getvalue()


def _scratch(target: Path) -> Path:
    """A new empty file beside `target`, hidden, of the same suffix."""
    handle, name = tempfile.mkstemp(
        prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent
    )
    os.close(handle)
    return Path(name)


def _sync(path: Path) -> None:
    """Force the bytes to disk, so that the rename cannot outlive them."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    """The process's umask (mkstemp ignores it; the finished file should not)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
