"""`laveran describe`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from laveran.study.description import Described


def describe(
    network: Annotated[
        str | None,
        typer.Argument(
            metavar="NETWORK|RUN",
            help="A recipe (fast, balanced, accurate, finetuned, or your own .toml), a network "
            "(plain, vgg, residual, highway, dense, mlp, conv3d), or a run's folder; if left out, "
            "the shipped model.",
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=8, max=1024, help="Side of the input; else its own.")
    ] = None,
    effective: Annotated[
        bool, typer.Option("--effective", help="Measure receptive fields by gradients too.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Zip, folder or picture of cells to measure on; drawn cells if left out."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Page to write, with what units see on a cell.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of random weights and drawn cells.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the description as JSON.")] = False,
) -> None:
    """Describe a network layer by layer: shapes, parameters, multiply-adds, receptive fields.

    Example: laveran describe balanced --size 64 --effective
    """
    from laveran.cli import outcome, show

    with outcome.training_side("study"):
        from laveran.study.description import describe_network

    described = describe_network(
        network, size_px=size, effective=effective, data=data, out=out, seed=seed
    )
    show.notes(described.notes)
    if json:
        show.as_json(described.to_json())
        return
    _show(described)
    if out:
        typer.echo(f"page {out}")


def _show(described: Described) -> None:
    """The description as tables: a row an operation, then a row a stage."""
    from laveran.networks.describe import HEADER

    found = described.description
    _table(HEADER, [row.written for row in found.rows], names=2)
    shape = " x ".join(map(str, found.input))
    typer.echo(
        f"{described.name}, input {shape}: {found.parameters:,} parameters, "
        f"{found.multiply_adds:,} multiply-adds a cell"
    )
    if described.stages:
        typer.echo("the square that holds 95.45% of the gradient of the unit in the middle:")
        _table(
            ("stage", "can see", "sees"),
            [
                (stage.name, f"{stage.rows.size:g} px", f"{stage.size_px} px")
                for stage in described.stages
            ],
            names=1,
        )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], names: int) -> None:
    """Columns of text: so many columns of names to the left, then numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        typer.echo(
            "  ".join(
                value.ljust(width) if place < names else value.rjust(width)
                for place, (value, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
        )
