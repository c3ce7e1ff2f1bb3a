"""Who the blood is from: told by the names of NIH's set, or by a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from laveran.cells.labels import IMAGE_COLUMNS, PATIENT_COLUMNS
from laveran.cells.tables import Table, read_table
from laveran.errors import LabelsError

_NIH_PATIENT = re.compile(r"([CS]\d+[A-Z0-9]*?)(?:Re)?_?[Tt]hin")
_CELL_NUMBER = re.compile(r"_cell_\d+(?:\.\w+)?$")
_LIST_ITEM = re.compile(r"[^\s,;'\"\[\]]+")


def nih_patient(name: str) -> str | None:
    """The patient that a name of NIH's set carries: all before `thin` or `Thin`.

    A retaken slide (`Re` before `Thin`: C167P128Re) is of the same patient as the first: two
    names for one person would put her on both sides of a split.

    >>> nih_patient("Parasitized/C100P61ThinF_IMG_20150918_144104_cell_162.png")
    'C100P61'
    >>> nih_patient("C167P128ReThinF_IMG_20151201_105354_cell_238.png")
    'C167P128'
    >>> nih_patient("something_1.png") is None
    True
    """
    match = _NIH_PATIENT.match(name.rpartition("/")[2])
    return match[1] if match else None


def nih_photo(name: str) -> str | None:
    """The photograph that a name of NIH's set carries: all before `_cell_` and the number.

    >>> nih_photo("Parasitized/C100P61ThinF_IMG_20150918_144104_cell_162.png")
    'C100P61ThinF_IMG_20150918_144104'
    """
    last = name.rpartition("/")[2]
    match = _CELL_NUMBER.search(last)
    return last[: match.start()] or None if match else None


def read_patients(paths: Iterable[Path | str]) -> dict[str, str]:
    r"""Read patients by names of pictures, from tables with a header or from NIH's own two files.

    A table has a column of pictures (`img_name`, `file`, ...) and one of patients (`patient`,
    `patient_id`, `subject`, ...). NIH's `patientid_cellmapping_*.csv` have no header, but in
    every row a patient, the Python list of its pictures, and trailing commas.

    Raises:
        LabelsError: If a file is neither, or a picture has two patients.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "patients.csv"
        >>> _ = path.write_text("C1,['C1_thinF_1_cell_1.png',  'C1_thinF_1_cell_2.png'],,\n")
        >>> read_patients([path])
        {'C1_thinF_1_cell_1.png': 'C1', 'C1_thinF_1_cell_2.png': 'C1'}
    """
    patients: dict[str, str] = {}
    for path in paths:
        table = read_table(path)
        listed = len(table.header) > 1 and table.header[1].strip().startswith("[")
        for name, patient in _from_lists(table) if listed else _from_columns(table):
            if patients.setdefault(name, patient) != patient:
                raise LabelsError(
                    f"{path} gives {name!r} the patient {patient}, "
                    f"but it has the patient {patients[name]} already"
                )
    return patients


def _from_lists(table: Table) -> Iterator[tuple[str, str]]:
    """Picture and patient from the rows of NIH's own files.

    These call a patient whose blood two microscopes saw by two names (C47P8).
    """
    for row in table.rows:
        listed, *lists = row.cells
        patient = nih_patient(listed.strip()) or listed.strip()
        for item in _LIST_ITEM.findall(",".join(lists)):
            yield item, patient


def _from_columns(table: Table) -> Iterator[tuple[str, str]]:
    """Picture and patient from a table with a header; rows without a patient say nothing."""
    image, patient = table.column(IMAGE_COLUMNS), table.column(PATIENT_COLUMNS)
    if image is None or patient is None:
        missing = "pictures (such as img_name)" if image is None else "patients (patient)"
        raise LabelsError(
            f"{table.path} lacks a column of {missing}: it has {', '.join(table.header)}"
        )
    for row in table.rows[1:]:
        if len(row.cells) > max(image, patient) and row.cells[patient].strip():
            yield row.cells[image].strip(), row.cells[patient].strip()
