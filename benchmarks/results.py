"""How every benchmark shows what it measured: a markdown table, and JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from laveran import files
from laveran.metrics import Figure
from machine import describe, markdown


class Row(NamedTuple):
    """One figure: what it is, what is asked of it, what was measured."""

    what: str
    asked: str
    measured: str


def shown(figure: Figure) -> str:
    """A figure and its interval."""
    if figure.value is None:
        return "undefined"
    if figure.low is None:
        return f"{figure.value:.4f}"
    return f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"


def publish(rows: Sequence[Row], details: Any, out: Path | None) -> None:
    """Print `rows` below the machine; write them to `out`, with `details`, if it is given."""
    machine = describe()
    print(f"{markdown(machine)}\n")
    print("| what | asked | measured |\n|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.asked} | {row.measured} |")
    if out:
        values = {"machine": machine, "rows": [r._asdict() for r in rows], "details": details}
        files.write_text(out, json.dumps(values, indent=2) + "\n")
