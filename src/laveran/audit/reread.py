"""`laveran reread`: a sample of cells for blind reading, drawn so that it can be reported."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from laveran import files
from laveran.audit.gallery import read_pictures
from laveran.audit.run import AuditedRun, judged, read_run
from laveran.cells.manifest import Manifest
from laveran.cells.reading import read_cells
from laveran.cells.readings import DISPUTED, RANDOM, KeyRow, read_key, write_key
from laveran.cells.skipped import Skipped
from laveran.errors import ConfigError, LabelsError
from laveran.model.kept import require_own
from laveran.model.prediction import Watch
from laveran.report.reread_page import render


@dataclass(frozen=True)
class Rereading:
    """A page for blind reading.

    Attributes:
        page: The page.
        key: The file that tells what its ids stand for.
        rows: The key, in the order of the page.
        skipped: What was left out of the data, and why.
        notes: What the user must know, a sentence each.
    """

    page: Path
    key: Path
    rows: tuple[KeyRow, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    def count(self, part: str) -> int:
        """How many cells are of that part."""
        return sum(row.part == part for row in self.rows)

    def to_json(self) -> dict[str, str | int | list[str]]:
        """A summary of plain values."""
        return {
            "page": str(self.page),
            "key": str(self.key),
            "n_random": self.count(RANDOM),
            "n_disputed": self.count(DISPUTED),
            "notes": list(self.notes),
        }


def reread(
    data: Path | str,
    labels: Path | str | None = None,
    *,
    out: Path | str,
    sample: int = 300,
    disputed: Path | str | None = None,
    disputed_count: int = 150,
    seed: int = 0,
    patients: Sequence[Path | str] = (),
    watch: Watch | None = None,
) -> Rereading:
    """Write a page that shows cells without name, label, patient or prediction.

    The random part is a simple random sample of all cells: every cell has the same chance, so
    what is found there holds for the data set. The disputed part are further cells, those whose
    label a run on patients it never saw contradicts most strongly: what is found there holds for
    nothing else. Both are mixed in random order; the key beside the page tells them apart.

    Args:
        data: Zip or folder of cell pictures.
        labels: Table of names and labels, for the key alone.
        out: The page to write; its key becomes `<out>_key.csv`.
        sample: Cells of the random part; all where there are fewer.
        disputed: Folder of a finished run on these data; None for no disputed part.
        disputed_count: Cells of the disputed part; fewer where fewer are contradicted.
        seed: Seed of sample and order.
        patients: Tables of names and patients.
        watch: Called with ("read", done, total, {}).

    Raises:
        DataError: If the data cannot be used.
        ModelError: If the run cannot be used.
        ConfigError: If the key of another page would be overwritten: its readings would be lost.
        OutputError: If a file cannot be written.
    """
    run = read_run(disputed) if disputed else None
    reading = read_cells(
        data,
        labels,
        patients=patients,
        progress=(lambda done, total: watch("read", done, total, {})) if watch else None,
    )
    rows = draw_sample(reading.manifest, run, sample, disputed_count, seed)
    page = Path(out)
    key = page.with_name(f"{page.stem}_key.csv")
    require_own((page, key), (data, labels, *patients))
    _check_free(key, rows)
    pictures = read_pictures(data, [row.name for row in rows])
    html = render([(row.id, pictures[row.name]) for row in rows])
    write_key(key, rows)
    files.write_text(page, html)
    n_random = sum(row.part == RANDOM for row in rows)
    n_short = disputed_count - (len(rows) - n_random) if run else 0
    notes = [*reading.notes, *(run.doubts if run else ())]
    if n_random < sample:
        notes.append(f"there are only {n_random:,} cells: all of them are in the random part")
    if n_short > 0:
        notes.append(f"the run contradicts {n_short:,} labels fewer than were asked for")
    return Rereading(page, key, rows, reading.skipped, tuple(notes))


def draw_sample(
    manifest: Manifest, run: AuditedRun | None, sample: int, disputed_count: int, seed: int
) -> tuple[KeyRow, ...]:
    """Draw the cells and their order.

    The draw depends on the names of the cells and the seed, not on the order of the manifest.

    Args:
        manifest: The cells.
        run: Whose contradictions are the disputed part; None for no such part.
        sample: Size of the random part.
        disputed_count: Size of the disputed part.
        seed: Seed of the draw.

    Returns:
        A row a cell, in the order to be shown; ids tell page and place, nothing else.
    """
    draw = np.random.default_rng(seed)
    by_name = np.argsort(np.array(manifest.names))
    random = by_name[draw.choice(len(manifest), min(sample, len(manifest)), replace=False)]
    parts = dict.fromkeys(random.tolist(), RANDOM)
    if run:
        contradicted = [i for i in _contradicted(run, manifest) if i not in parts]
        parts |= dict.fromkeys(contradicted[:disputed_count], DISPUTED)
    places = sorted(parts, key=lambda place: manifest[place].name)
    shown = [places[i] for i in draw.permutation(len(places))]
    listed = "\n".join(manifest[place].name for place in shown)
    code = hashlib.sha256(listed.encode()).hexdigest()[:6]
    digits = len(str(len(shown)))
    return tuple(
        KeyRow(
            id=f"{code}-{number:0{digits}}",
            name=manifest[place].name,
            patient=manifest[place].patient or "",
            label="" if (label := manifest[place].label) is None else str(label),
            part=parts[place],
        )
        for number, place in enumerate(shown, 1)
    )


def _contradicted(run: AuditedRun, manifest: Manifest) -> list[int]:
    """Places of cells whose label the run contradicts, the strongest contradiction first."""
    cells = judged(run, manifest)
    gap = np.abs(cells.y_prob - cells.y_true)
    order = np.argsort(-gap, kind="stable")
    return [int(cells.index[i]) for i in order if gap[i] > 0.5]


def _check_free(key: Path, rows: tuple[KeyRow, ...]) -> None:
    """Refuse to overwrite the key of another page."""
    if not key.exists():
        return
    try:
        same = list(read_key(key)) == [row.id for row in rows]
    except LabelsError:
        same = False
    if not same:
        raise ConfigError(
            f"{key} is another file, perhaps the key of another page, whose readings would be "
            "lost; choose another --out"
        )
