"""`laveran describe`: what a network is made of, and what its units see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from laveran import files
from laveran.networks.describe import HEADER, Description, describe
from laveran.networks.receptive_field import SHARE, Seen, measure_fields
from laveran.report.describe_page import DescribePage, FieldPanel, render
from laveran.study.example_cells import example_cells
from laveran.study.subject import find_subject

CELLS = 32  # gradients are averaged over so many: more change no side by more than a pixel or two


@dataclass(frozen=True)
class Described:
    """A network, described.

    Attributes:
        name: Of the network.
        learned: Whether its weights are those of a training; else they are random.
        description: Its rows.
        stages: What it sees by measurement, stage by stage; empty if not asked for.
        notes: What the user must know, a sentence each.
    """

    name: str
    learned: bool
    description: Description
    stages: tuple[Seen, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it for machines, in pixels of the input."""
        stages = [
            {
                "name": stage.name,
                "theoretical_px": stage.rows.size,
                "effective_px": stage.size_px,
                "share": SHARE,
            }
            for stage in self.stages
        ]
        whole = {"network": self.name, "learned": self.learned} | self.description.to_json()
        return whole | ({"effective": stages} if stages else {})


def describe_network(
    name: str | None = None,
    *,
    size_px: int | None = None,
    effective: bool = False,
    data: Path | str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
) -> Described:
    """Describe a network, and measure its receptive fields if asked to.

    Args:
        name: As `laveran.study.subject.find_subject` takes it.
        size_px: Side of its input; None for its own.
        effective: Whether receptive fields are measured too.
        data: Zip, folder or picture whose cells gradients are averaged over; None for drawn ones.
        out: Page to write; receptive fields are measured for it.
        seed: Of random weights and of the choice of cells.

    Raises:
        ConfigError: If there is no such network, or it cannot be described.
        ModelError: If the files of a run are missing or damaged.
        DataError: If no cell can be read.
        OutputError: If the page cannot be written.
    """
    subject = find_subject(name, size_px=size_px, seed=seed)
    cells = example_cells(data, CELLS, size_px=subject.size_px, seed=seed)
    batch = subject.batch(cells)
    description = describe(subject.network, batch[:1])
    stages: tuple[Seen, ...] = ()
    notes = []
    if effective or out:
        stages = tuple(measure_fields(subject.network, batch))
        if not stages:
            notes.append(f"{subject.name} has no maps: each unit sees the whole picture")
        elif not subject.learned:
            notes.append(f"the weights of {subject.name} are random: training changes what it sees")
    if out:
        page = DescribePage(
            subject.name,
            HEADER,
            [row.written for row in description.rows],
            description.parameters,
            description.multiply_adds,
            cells[0],
            [_panel(stage) for stage in stages],
            notes,
        )
        files.write_text(out, render(page))
    return Described(subject.name, subject.learned, description, stages, tuple(notes))


def _panel(stage: Seen) -> FieldPanel:
    """A stage as the page draws it."""
    rows, columns = ((int(seen.first), int(seen.last)) for seen in (stage.rows, stage.columns))
    return FieldPanel(stage.name, rows, columns, stage.mass, stage.size_px)
