"""`laveran fetch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Fetch public data.", no_args_is_help=True)


@app.command()
def nih(
    out: Annotated[Path, typer.Option(help="Folder to put the files in.")] = Path("data/nih"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch NIH's 27,558 cells and their tables of patients; goes on where it stopped.

    Example: laveran fetch nih --out data/nih
    """
    from laveran.cells.fetch import fetch_nih
    from laveran.cli import show

    with show.progress() as watch:
        archive = fetch_nih(out, progress=lambda done, total: watch("bytes", done, total, {}))
    show.fetched([archive], json=json)


@app.command()
def competition(
    slug: Annotated[str, typer.Argument(help="The competition's name or address on Kaggle.")],
    out: Annotated[Path, typer.Option(help="Folder to put the files in.")] = Path("data"),
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fetch a competition's files through Kaggle's official client (an extra, and a token).

    Example: laveran fetch competition fighting-malaria --out data
    """
    from laveran.cells.competition import fetch_competition
    from laveran.cli import show

    with show.progress() as watch:
        paths = fetch_competition(
            slug, out, progress=lambda done, total: watch("bytes", done, total, {})
        )
    show.fetched(paths, json=json)
