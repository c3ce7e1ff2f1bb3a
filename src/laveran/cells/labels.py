"""Labels from a table, its columns recognised; what is not beyond doubt is left out, listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from laveran.cells.skipped import Skipped
from laveran.cells.tables import Row, Table, plain, read_table
from laveran.errors import LabelsError

# Names as `plain` has them; the first that is in the header wins.
IMAGE_COLUMNS = (
    *("imgname", "imagename", "filename", "image", "img", "picture", "file", "imagepath"),
    *("filepath", "path", "imageid", "imgid", "fileid", "name", "cell", "cellid", "id"),
)
LABEL_COLUMNS = (
    *("label", "labels", "class", "parasitized", "parasitised", "infected", "target", "diagnosis"),
    *("classname", "category", "truth", "ytrue", "groundtruth", "expected", "prediction"),
)
PATIENT_COLUMNS = ("patient", "patientid", "patientno", "subject", "subjectid")
PHOTO_COLUMNS = ("photo", "photoid", "photograph")

CLASS_WORDS = {
    **dict.fromkeys(("parasitized", "parasitised", "infected", "positive", "sick", "malaria"), 1),
    **dict.fromkeys(("uninfected", "unparasitized", "unparasitised", "healthy", "negative"), 0),
    **dict.fromkeys(("noninfected", "notinfected", "normal"), 0),
}
_MORE_WORDS = {"true": 1, "yes": 1, "pos": 1, "false": 0, "no": 0, "neg": 0}


@dataclass(frozen=True, slots=True)
class Label:
    """A row of a table of labels.

    Attributes:
        name: The picture's name as written.
        label: 1 parasitized, 0 uninfected.
        patient: Who the blood is from; None when the table does not say.
        photo: The photograph the cell was cut from; None when the table does not say.
    """

    name: str
    label: int
    patient: str | None = None
    photo: str | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """A table of labels: the rows to rely on, their names unique, and those left out."""

    path: Path
    rows: tuple[Label, ...]
    skipped: tuple[Skipped, ...]


def read_labels(path: Path | str) -> Labels:
    r"""Read a table with a column of names and a column of labels.

    The columns are recognised by the usual names, in any case (`img_name`, `file`, `image`,
    `id`, ...; `label`, `class`, `parasitized`, ...; and, where there are such, `patient` and
    `photo`); a table of two columns may lack a header. Labels are 0 and 1 or names of classes.

    Raises:
        LabelsError: If there is no such file, a column is missing, or no row has a label.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "labels.csv"
        >>> _ = path.write_text("file,class\na.png,Parasitized\nb.png,maybe\n")
        >>> labels = read_labels(path)
        >>> labels.rows[0].label, labels.skipped[0].name
        (1, 'b.png')
    """
    table = read_table(path)
    columns = _columns(table)
    rows: list[Label] = []
    skipped: list[Skipped] = []
    for row in table.rows[columns.header_rows :]:
        label = _label(row, columns)
        if isinstance(label, Label):
            rows.append(label)
        else:
            skipped.append(label)
    if not rows:
        example = f"; {skipped[0].name!r}: {skipped[0].reason}" if skipped else ""
        raise LabelsError(f"no row of {table.path} has a label of 0 or 1{example}")
    settled, disputed = settle(rows)
    return Labels(table.path, settled, (*skipped, *disputed))


def read_truth(path: Path | str) -> dict[str, int]:
    """Read a table in which every row must hold, such as a submission: class by name.

    Raises:
        LabelsError: As `read_labels`, and if any row is without a label or contradicts another.
    """
    labels = read_labels(path)
    if labels.skipped:
        name, reason = labels.skipped[0]
        raise LabelsError(f"{labels.path}: {name!r} is of no use, {reason}")
    return {row.name: row.label for row in labels.rows}


def settle(rows: Iterable[Label]) -> tuple[tuple[Label, ...], tuple[Skipped, ...]]:
    """One row a name: rows that repeat another count once, all that contradict are left out.

    >>> rows = [Label("a", 1), Label("a", 1), Label("b", 0), Label("b", 1)]
    >>> settle(rows)
    ((Label(name='a', label=1, patient=None, photo=None),),
     (Skipped(name='b', reason='labelled both 0 and 1'),))
    """
    by_name: dict[str, set[Label]] = defaultdict(set)
    for row in rows:
        by_name[row.name].add(row)
    settled: list[Label] = []
    disputed: list[Skipped] = []
    for name, versions in by_name.items():
        if len(versions) == 1:
            settled.extend(versions)
        elif len({row.label for row in versions}) == 1:
            disputed.append(Skipped(name, "of two different patients or photos"))
        else:
            disputed.append(Skipped(name, "labelled both 0 and 1"))
    return tuple(settled), tuple(disputed)


def parse_label(text: str) -> int | None:
    """The label that a cell of a table means: 1, 0, or None for anything else.

    >>> [parse_label(text) for text in ("1", "0.0", "Parasitized", "FALSE", "2", "NaN", "maybe")]
    [1, 0, 1, 0, None, None, None]
    """
    word = plain(text)
    if word in CLASS_WORDS or word in _MORE_WORDS:
        return CLASS_WORDS.get(word, _MORE_WORDS.get(word))
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return int(number) if number in (0, 1) else None


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things stand in a table of labels; `header_rows` is 0 if it has no header."""

    image: int
    label: int
    patient: int | None = None
    photo: int | None = None
    header_rows: int = 1


def _columns(table: Table) -> _Columns:
    """Recognise the columns of a table."""
    image, label = table.column(IMAGE_COLUMNS), table.column(LABEL_COLUMNS)
    if image is not None and label is not None:
        patient, photo = table.column(PATIENT_COLUMNS), table.column(PHOTO_COLUMNS)
        return _Columns(image, label, patient, photo)
    header = table.header
    if image is label is None and len(header) == 2 and parse_label(header[1]) is not None:
        return _Columns(0, 1, header_rows=0)
    wanted = "the picture's name (such as img_name)" if image is None else "its label (label)"
    raise LabelsError(f"{table.path} lacks a column with {wanted}: it has {', '.join(header)}")


def _label(row: Row, columns: _Columns) -> Label | Skipped:
    """A row as a label, or why it is none."""

    def cell(column: int | None) -> str:
        return row.cells[column].strip() if column is not None and column < len(row.cells) else ""

    name, text = cell(columns.image), cell(columns.label)
    if not name:
        return Skipped(f"line {row.line}", "a row without a picture's name")
    label = parse_label(text)
    if label is None:
        return Skipped(
            name, f"its label is {text!r}, neither 0 nor 1 nor a class (line {row.line})"
        )
    return Label(name, label, cell(columns.patient) or None, cell(columns.photo) or None)
