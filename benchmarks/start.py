"""How soon `laveran` answers: its help beside a bare typer program's, and one picture.

Cold means a new process each time; the files are in the system's cache.

Example: python benchmarks/start.py --model runs/fast --out start.json
"""

from __future__ import annotations

import argparse
import inspect
import sys
import tempfile
from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from pathlib import Path

import typer

from inputs import write_cell
from laveran.cli import app
from results import Row, publish
from timing import LAVERAN, Figures, median, ratio, take_turns, whole_process

HELP, BARE, PICTURE = "laveran --help", "bare typer program, --help", "laveran predict, one picture"

TOP = """from __future__ import annotations
from enum import StrEnum
from pathlib import Path, PosixPath, WindowsPath
from typing import Annotated, Literal
import typer
app = typer.Typer(name="bare", help="Does nothing.", no_args_is_help=True)
"""


def bare_program(program: typer.Typer) -> str:
    """Source of a typer program with the commands and options of `program`, and nothing behind."""
    return TOP + "\n".join(_commands(program, "app"))


def _commands(program: typer.Typer, name: str) -> Iterator[str]:
    """Definitions of all commands of `program`, registered with the variable `name`."""
    for command in program.registered_commands:
        if command.callback:
            yield from _command(command.callback, name)
    for group in program.registered_groups:
        yield f"{group.name} = typer.Typer(no_args_is_help=True)"
        yield f"{name}.add_typer({group.name}, name={group.name!r})"
        if group.typer_instance:
            yield from _commands(group.typer_instance, str(group.name))


def _command(called: Callable[..., object], name: str) -> Iterator[str]:
    """Definition of one command, after those of the choices that it offers."""
    parameters = []
    for parameter in inspect.signature(called).parameters.values():
        default = parameter.default
        shown = "" if default is parameter.empty else f" = {default!r}"
        if isinstance(default, Enum):
            choices = type(default)
            shown = f" = {choices.__name__}.{default.name}"
            members = {member.name: member.value for member in choices}
            yield f"{choices.__name__} = StrEnum({choices.__name__!r}, {members})"
        parameters.append(f"{parameter.name}: {parameter.annotation}{shown}")
    yield f"@{name}.command()"
    yield f"def {called.__name__}({', '.join(parameters)}):\n    {inspect.getdoc(called)!r}"


def seconds(name: str, command: list[str | Path], expected: list[str]) -> Figures:
    """Seconds of a whole process, which has to print what is `expected`."""
    cost = whole_process(*command)
    missing = [word for word in expected if word not in cost.output]
    if missing:
        raise SystemExit(f"{command[0]} does not say {', '.join(missing)}: {cost.output}")
    return {name: cost.seconds}


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="run folder or model file")
    parser.add_argument("--picture", type=Path, help="a cell; drawn if not given")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    groups = [str(group.name) for group in app.registered_groups]
    words = [call.callback.__name__ for call in app.registered_commands if call.callback] + groups
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        # As installed programs are: a module, compiled once, and a script that calls it.
        (scratch / "bare.py").write_text(bare_program(app), encoding="utf-8")
        (scratch / "run.py").write_text("from bare import app\napp()\n", encoding="utf-8")
        picture, out = asked.picture or scratch / "cell.png", scratch / "submission.csv"
        if not asked.picture:
            write_cell(picture)
        predict = [LAVERAN, "predict", picture, "--model", asked.model, "--out", out]
        contenders = [
            partial(seconds, HELP, [LAVERAN, "--help"], words),
            partial(seconds, BARE, [sys.executable, scratch / "run.py", "--help"], words),
            partial(seconds, PICTURE, predict, ["1 cells"]),
        ]
        rounds = take_turns(contenders, asked.rounds)
    rows = [
        Row(HELP, "", f"{median(rounds, HELP):.3f} s"),
        Row(BARE, "", f"{median(rounds, BARE):.3f} s"),
        Row("help to bare program", "at most 1.3", ratio(rounds, HELP, BARE)),
        Row(PICTURE, "under 1.2 s", f"{median(rounds, PICTURE):.3f} s"),
    ]
    publish(rows, {"rounds": rounds}, asked.out)


if __name__ == "__main__":
    main()
