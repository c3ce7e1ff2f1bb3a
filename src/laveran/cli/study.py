"""`laveran study`: one command a chapter of the lecture."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Studies: representations, what a network is made of, and what it learned.",
    no_args_is_help=True,
)
