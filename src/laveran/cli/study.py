"""`laveran study`: one command a chapter of the lecture."""

from __future__ import annotations

import typer

from laveran.cli import study_map

app = typer.Typer(
    help="Studies: representations, what a network is made of, and what it learned.",
    no_args_is_help=True,
)
app.command("map")(study_map.map_)
