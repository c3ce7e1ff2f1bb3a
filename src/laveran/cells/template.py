"""The form of a submission, as a sample submission shows it: header, order and ids."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from laveran import files
from laveran.cells.labels import IMAGE_COLUMNS, LABEL_COLUMNS, parse_label
from laveran.cells.tables import read_table
from laveran.errors import LabelsError


@dataclass(frozen=True, slots=True)
class Template:
    """What a submission must look like.

    Attributes:
        header: The two names of the columns as written; () if the sample has no header.
        ids: The asked ids as written, in order.
        delimiter: `,`, `;` or a tab.
        id_column: Which of the two columns has the ids, 0 or 1.
    """

    header: tuple[str, ...]
    ids: tuple[str, ...]
    delimiter: str = ","
    id_column: int = 0

    def write(self, path: Path | str, classes: Sequence[int]) -> None:
        """Write a submission, whole or not at all: the class of every id, in order.

        Raises:
            ValueError: If there is not one class for every id.
        """
        text = io.StringIO()
        table = csv.writer(text, delimiter=self.delimiter, lineterminator="\n")
        if self.header:
            table.writerow(self.header)
        for name, label in zip(self.ids, classes, strict=True):
            table.writerow((name, int(label)) if self.id_column == 0 else (int(label), name))
        files.write_text(path, text.getvalue())


def read_template(path: Path | str) -> Template:
    r"""Read a sample submission; its values may be anything.

    Raises:
        LabelsError: If there is no such file, it has not two columns, or a row has no id.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "sample_submission.csv"
        >>> _ = path.write_text("img_name,label\nb.png,0\na.png,0\n")
        >>> read_template(path)
        Template(header=('img_name', 'label'), ids=('b.png', 'a.png'), delimiter=',', id_column=0)
    """
    table = read_table(path)
    if len(table.header) != 2:
        raise LabelsError(
            f"{table.path} is no sample submission: it has the columns "
            f"{', '.join(table.header)}, and should have two, the id and the label"
        )
    names, labels = table.column(IMAGE_COLUMNS), table.column(LABEL_COLUMNS)
    headed = names is not None or labels is not None or parse_label(table.header[1]) is None
    id_column = names if names is not None else int(labels == 0)
    rows = table.rows[int(headed) :]
    for row in rows:
        if len(row.cells) <= id_column or not row.cells[id_column].strip():
            raise LabelsError(f"{table.path}, line {row.line}: a row without an id")
    ids = tuple(row.cells[id_column] for row in rows)
    if not ids:
        raise LabelsError(f"{table.path} asks for no picture: it has a header and no rows")
    return Template(table.header if headed else (), ids, table.delimiter, id_column)
