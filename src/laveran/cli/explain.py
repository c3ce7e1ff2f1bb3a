"""`laveran explain`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from laveran.model.explanation import Explanation


def explain(
    picture: Annotated[Path, typer.Argument(help="Picture of one cell.")],
    model: Annotated[
        Path | None,
        typer.Option(help="Run folder or model file; the model that ships with Laveran if none."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("explain"),
    layer: Annotated[
        list[str] | None,
        typer.Option(
            help="Layer for Grad-CAM, as named on the page; may be given twice. By default the "
            "last at each size of the maps."
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            help="Unit to excite, as LAYER:NUMBER; by default the one that speaks loudest for "
            "parasitized in this cell."
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Zip or folder of cells: shows the nearest and those that excite the unit."
        ),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="CSV of names and labels of --data.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights and pictures drawn by chance.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Show where a model saw what it says of a cell: a page that opens offline.

    A model file gives the evidence map. With a run folder (or the shipped model) and the training
    side installed, the page also holds occlusion, integrated gradients, Grad-CAM, a sanity check
    of the maps, filters, feature maps and what excites a unit.

    Example: laveran explain cell.png --model runs/first --out explain
    """
    from laveran.cli import show

    with show.progress() as watch:
        if _looks_inside(bool(layer or unit or data or labels)):
            from laveran.study.explanation.explain import explain as explain_inside

            found = explain_inside(
                picture,
                model=model,
                out=out,
                layers=layer or (),
                unit=unit,
                data=data,
                labels=labels,
                seed=seed,
                watch=watch,
            )
        else:
            from laveran.model.explanation import explain as explain_file

            found = explain_file(picture, model=model, out=out)
    if json:
        show.as_json(found.to_json())
        return
    _show(found)
    typer.echo(f"page {out / 'explain.html'}")


def _looks_inside(asked: bool) -> bool:
    """Whether to look into the network: where torch is, or the options ask for it."""
    from laveran.cli import outcome

    if not asked and not outcome.has_torch():
        return False
    with outcome.training_side("study"):
        import laveran.study.explanation.explain  # noqa: F401
    return True


def _show(found: Explanation) -> None:
    """The answer, a line each."""
    from laveran.report.formats import probability

    typer.echo(f"  {'probability of parasitized':<32}{probability(found.probability)}")
    typer.echo(f"  {'called':<32}{found.call}")
    if found.outlier is not None:
        beyond = ", unlike the cells that were learned from" if found.is_outlier else ""
        typer.echo(f"  {'outlier score':<32}{found.outlier:.3g}{beyond}")
    if found.disagreement is not None:
        typer.echo(f"  {'disagreement of the members':<32}{found.disagreement:.3g}")
