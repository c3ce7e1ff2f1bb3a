"""Handing a submission to Kaggle: looked over first, then sent by Kaggle's own client."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass
from pathlib import Path

from laveran.cells.kaggle_account import read_slug, signed_in
from laveran.cells.template import Template, read_template
from laveran.errors import FetchError, LabelsError

MESSAGE = "Laveran"  # what stands beside a submission that nobody described
PAGE = "https://www.kaggle.com/competitions/{slug}/submissions"


@dataclass(frozen=True, slots=True)
class Submission:
    """A file that a competition can score.

    Attributes:
        path: Where it is.
        n_cells: Its rows.
        n_parasitized: Its rows of class 1.
    """

    path: Path
    n_cells: int
    n_parasitized: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What Kaggle said to a submission.

    Attributes:
        submission: What was sent.
        competition: Where to.
        answer: Kaggle's own words.
        page: Where its score will be.
    """

    submission: Submission
    competition: str
    answer: str
    page: str

    def to_json(self) -> dict[str, str | int]:
        """A summary of plain values."""
        sent = asdict(self.submission) | {"path": str(self.submission.path)}
        return {**sent, "competition": self.competition, "answer": self.answer, "page": self.page}


def submit(
    path: Path | str,
    competition: str,
    *,
    message: str = MESSAGE,
    like: Path | str | None = None,
) -> Receipt:
    """Check a submission and hand it to Kaggle.

    Args:
        path: The submission.
        competition: The competition's name as in the address of its page, or that address.
        message: What to write beside it on Kaggle.
        like: The competition's sample submission, to compare with.

    Raises:
        ConfigError: If `competition` cannot be the name of one.
        LabelsError: If the file is none that can be scored; nothing is sent then.
        FetchError: If the client or the token is missing, Kaggle refuses or cannot be reached.

    Example:
        >>> submit("submission.csv", "fighting-malaria")  # doctest: +SKIP
        Receipt(submission=Submission(path=..., n_cells=925, n_parasitized=451), ...)
    """
    slug = read_slug(competition)
    submission = check_submission(path, like)
    with signed_in(slug) as api:
        response = api.competition_submit(str(path), message, slug, quiet=True)
    if response.message == api.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE:
        raise FetchError(f"the upload of {path} to Kaggle broke off; run the same command again")
    return Receipt(submission, slug, str(response.message), PAGE.format(slug=slug))


def check_submission(path: Path | str, like: Path | str | None = None) -> Submission:
    r"""Look a submission over as strictly as a competition's scorer may.

    It is a CSV in UTF-8 with a header of two columns, ids that are unique, classes 0 and 1, and
    no empty row.

    Args:
        path: The submission.
        like: A sample submission; header, ids and their order must be the same.

    Raises:
        LabelsError: If anything is otherwise; the message says where.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "submission.csv"
        >>> _ = path.write_text("img_name,label\na.png,1\nb.png,0\n")
        >>> check_submission(path).n_parasitized
        1
        >>> _ = path.write_text("img_name,label\na.png,1\nb.png,maybe\n")
        >>> check_submission(path)
        Traceback (most recent call last):
        laveran.errors.LabelsError: .../submission.csv, line 3: the class is 'maybe', ...
    """
    sample = read_template(like) if like else None
    rows = _rows(Path(path), sample.delimiter if sample else ",")
    form = read_template(path)
    if not form.header:
        raise LabelsError(f"{path} has no header; its first line should name the two columns")
    seen: set[str] = set()
    for line, row in rows[1:]:
        name, label = row[form.id_column], row[1 - form.id_column]
        if name in seen:
            raise LabelsError(f"{path}, line {line}: {name!r} is there twice; keep one row an id")
        if label not in ("0", "1"):
            raise LabelsError(
                f"{path}, line {line}: the class is {label!r}, not 0 or 1; a submission has "
                "classes, not probabilities or names"
            )
        seen.add(name)
    if sample:
        _compare(path, form, sample)
    n_parasitized = sum(row[1 - form.id_column] == "1" for _, row in rows[1:])
    return Submission(Path(path), len(rows) - 1, n_parasitized)


def _rows(path: Path, delimiter: str) -> list[tuple[int, list[str]]]:
    """The rows of two cells each, at least two, with the numbers of their lines."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise LabelsError(f"cannot read the submission {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"{path} is no CSV in UTF-8 ({error}); write it again") from error
    for line, row in rows:
        if not any(row):
            raise LabelsError(f"{path}, line {line}: an empty row; remove it")
        if len(row) != 2 or not all(cell.strip() for cell in row):
            raise LabelsError(
                f"{path}, line {line}: {delimiter.join(row)!r} is not two columns, an id and a "
                "class; write the file again"
            )
    if len(rows) < 2:
        raise LabelsError(f"{path} has no rows; write it again")
    return rows


def _compare(path: Path | str, form: Template, sample: Template) -> None:
    """Refuse another header, other ids or another order than the sample submission has."""
    again = "write the file again with `laveran predict --like`"
    if form.header != sample.header:
        raise LabelsError(
            f"{path} has the columns {', '.join(form.header)}, and the sample submission "
            f"{', '.join(sample.header) or 'none'}; {again}"
        )
    asked, given = dict.fromkeys(sample.ids), dict.fromkeys(form.ids)
    for odd, fault in (
        ([name for name in asked if name not in given], "lacks rows that are asked for"),
        ([name for name in given if name not in asked], "has rows that nobody asks for"),
    ):
        if odd:
            raise LabelsError(f"{path} {fault} ({len(odd):,}, such as {odd[0]!r}); {again}")
    if form.ids != sample.ids:
        raise LabelsError(f"{path} has the ids in another order than the sample; {again}")
