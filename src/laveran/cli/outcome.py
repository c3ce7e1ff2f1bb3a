"""How a command ends: 0 done, 1 the data or the model is at fault, 2 wrong usage, 130 Ctrl-C."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Literal

import typer
from typer.core import TyperGroup

from laveran.errors import ConfigError, LaveranError

FAULT, STOPPED = 1, 130
SIDES = {"train": "training", "study": "study"}


class Commands(TyperGroup):
    """Runs a command; what it raises becomes one line on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that `ctx` names."""
        try:
            return super().invoke(ctx)
        except LaveranError as error:
            fault, code = str(error), FAULT
        except OSError as error:
            if error.errno == errno.EPIPE:  # nobody reads on, as with `| head`
                raise
            fault, code = f"{error.filename or 'the system'}: {error.strerror or error}", FAULT
        except KeyboardInterrupt:
            fault, code = "stopped by Ctrl-C; nothing is left half-written", STOPPED
        typer.secho(f"laveran: {one_line(fault)}", err=True, fg=typer.colors.RED)
        raise typer.Exit(code)


@contextmanager
def training_side(extra: Literal["train", "study"] = "train") -> Iterator[None]:
    """Where the torch side is imported: says how to install it where it is not.

    Raises:
        ConfigError: If a package of the extra cannot be imported.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "laveran":
            raise
        raise ConfigError(
            f"this needs the {SIDES[extra]} side, which is not whole here ({error}); "
            f"install it: pip install 'laveran[{extra}]'"
        ) from error


def has_torch() -> bool:
    """Whether torch is installed, without importing it."""
    try:
        return find_spec("torch") is not None
    except ModuleNotFoundError:  # what hides a package may say so in this way
        return False


def one_line(text: str) -> str:
    r"""`text` on one line, what a terminal would obey spelt out.

    >>> print(one_line("a.png:\n  cut off\x1b[2J"))
    a.png: cut off\x1b[2J
    """
    return "".join(
        letter if letter.isprintable() else ascii(letter)[1:-1] for letter in " ".join(text.split())
    )
