"""`laveran study`: one command a chapter of the lecture."""

from __future__ import annotations

import typer

from laveran.cli import (
    study_autoencoder,
    study_convolution,
    study_focus,
    study_map,
    study_neighbours,
    study_network,
    study_pointing,
    study_represent,
    study_shift,
    study_shortcuts,
)

app = typer.Typer(
    help="Studies: representations, what a network is made of, and what it learned.",
    no_args_is_help=True,
)
app.command("convolution")(study_convolution.convolution)
app.command("map")(study_map.map_)
app.command("neighbours")(study_neighbours.neighbours)
app.command("network")(study_network.network)
app.command("represent")(study_represent.represent)
app.command("autoencoder")(study_autoencoder.autoencoder)
app.command("autoencoder-show")(study_autoencoder.autoencoder_show)
app.command("pointing")(study_pointing.pointing)
app.command("shift")(study_shift.shift)
app.command("shortcuts")(study_shortcuts.shortcuts)
app.command("focus")(study_focus.focus)
