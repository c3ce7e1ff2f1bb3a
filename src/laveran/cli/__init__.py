"""The command line: parse, make one library call, show.

Nothing heavy is imported here; each command imports what it needs when it runs.
"""

from __future__ import annotations

import typer

from laveran.cli import (
    check,
    demo,
    describe,
    evaluate,
    explain,
    fetch,
    notebook,
    predict,
    reread,
    score,
    search,
    study,
    submit,
    train,
)
from laveran.cli.outcome import Commands

app = typer.Typer(
    cls=Commands,
    name="laveran",
    help="Reads blood films for malaria. A research tool, not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command()(demo.demo)
app.add_typer(fetch.app, name="fetch")
app.command()(check.check)
app.command()(reread.reread)
app.command()(train.train)
app.command()(search.search)
app.command()(evaluate.evaluate)
app.command()(predict.predict)
app.command()(score.score)
app.command()(submit.submit)
app.command()(notebook.notebook)
app.add_typer(study.app, name="study")
app.command()(describe.describe)
app.command()(explain.explain)


def _version(wanted: bool) -> None:
    if wanted:
        from laveran import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and stop."
    ),
) -> None:
    """Options of all commands."""


def main() -> None:
    """Run the command line."""
    app(prog_name="laveran")
