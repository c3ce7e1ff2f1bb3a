"""`laveran study convolution`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convolution(
    picture: Annotated[
        Path | None,
        typer.Argument(
            help="A cell's picture, or a zip or folder to choose one from; drawn if left out."
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("convolution.html"),
    model: Annotated[
        Path | None,
        typer.Option(help="Run whose learned filters are shown; else the shipped model's."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice or the drawing.")] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print the lecture's numbers as JSON.")
    ] = False,
) -> None:
    """Write a page that shows on a cell what a convolution does, number by number.

    Kernels, edges, steps, pooling, ReLU and ELU, a stack of maps in and one map a filter out; the
    page computes everything itself and opens offline.

    Example: laveran study convolution cell.png --out convolution.html
    """
    from laveran.cli import outcome, show

    with outcome.training_side("study"):
        from laveran.study.convolution.lesson import write_lesson

    lesson = write_lesson(picture, out=out, model=model, seed=seed)
    if json:
        counts = [{"what": what, "how": how, "weights": n} for what, how, n in lesson.counts]
        show.as_json({"page": str(lesson.page), "picture": lesson.picture, "counts": counts})
        return
    for what, how, weights in lesson.counts:
        typer.echo(f"  {what:<40}{how} = {weights:,}")
    typer.echo(f"page {lesson.page}, on {lesson.picture}")
