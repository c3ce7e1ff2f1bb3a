"""Fetching the files of a Kaggle competition, through Kaggle's own client.

The client (the package `kaggle`, an extra) knows the user's token and asks Kaggle for the data;
Kaggle answers with the address of one zip of all files. From there on it is a download like any
other: resumed, checked, and its members put in place one by one.
"""

from __future__ import annotations

import contextlib
import io
import re
import shutil
import zipfile
from pathlib import Path

from laveran import files
from laveran.cells.download import Progress, download
from laveran.cells.integrity import zip_fault
from laveran.errors import ConfigError, FetchError

_PAGE = re.compile(r"(?:https?://)?(?:www\.)?kaggle\.com/(?:competitions|c)/([^/?#]+)")
_SLUG = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")

_NO_CLIENT = "Kaggle's client is not there ({error}); install it: pip install 'laveran[kaggle]'"
_NO_LOGIN = (
    "there is no Kaggle token that is valid: make one at https://www.kaggle.com/settings/api and "
    "put it into the file ~/.kaggle/access_token or the variable KAGGLE_API_TOKEN (an older "
    "kaggle.json: into ~/.kaggle, or KAGGLE_USERNAME and KAGGLE_KEY)"
)
_ANSWERS = {
    401: "Kaggle does not know the token; make a new one at https://www.kaggle.com/settings/api",
    403: "Kaggle does not give out the data of {slug!r}; join it and accept its rules at "
    "https://www.kaggle.com/competitions/{slug}/rules, then run the same command again",
    404: "Kaggle knows no competition {slug!r}; its name is what follows "
    "https://www.kaggle.com/competitions/ in the address of its page",
    429: "Kaggle has had too many requests from you; run the same command again in some minutes",
}


def fetch_competition(slug: str, out: Path | str, progress: Progress | None = None) -> list[Path]:
    """Fetch all files of a Kaggle competition whose rules the user has accepted.

    Args:
        slug: The competition's name as in the address of its page, or that address.
        out: The folder to put the files in; files of the same names are replaced.
        progress: Called with the bytes that are here, and all of them if known.

    Returns:
        The files, in the order of Kaggle's zip.

    Raises:
        ConfigError: If `slug` cannot be the name of a competition.
        FetchError: If the client or the token is missing, Kaggle refuses or cannot be reached,
            or the files come damaged.
        OutputError: If they cannot be written.

    Example:
        >>> fetch_competition("fighting malaria", "data")
        Traceback (most recent call last):
        ...
        laveran.errors.ConfigError: 'fighting malaria' is no name of a Kaggle competition; ...
    """
    name = read_slug(slug)
    bundle = Path(out, f".{name}.zip")
    download(_bundle_url(name), bundle, check=zip_fault, progress=progress)
    try:
        return _unpack(bundle, Path(out))
    except OSError as error:
        raise FetchError(
            f"cannot write {error.filename or out}: {error.strerror}; make room or choose "
            "another folder"
        ) from error
    finally:
        bundle.unlink(missing_ok=True)


def read_slug(text: str) -> str:
    """The name of a competition, from itself or from the address of one of its pages.

    >>> read_slug("https://www.kaggle.com/competitions/fighting-malaria/data")
    'fighting-malaria'

    Raises:
        ConfigError: If it is neither.
    """
    page = _PAGE.match(text.strip())
    slug = page[1] if page else text.strip()
    if not _SLUG.fullmatch(slug):
        raise ConfigError(
            f"{text!r} is no name of a Kaggle competition; it has letters, digits and dashes, "
            "as in https://www.kaggle.com/competitions/NAME"
        )
    return slug


def _bundle_url(slug: str) -> str:
    """Where Kaggle has the zip of all files for this user; the address is good for some minutes."""
    # On import and after, the client prints advice and warnings, and it exits without a token.
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return _ask_kaggle(slug)
        except ImportError as error:
            raise FetchError(_NO_CLIENT.format(error=error)) from error
        except SystemExit as error:
            raise FetchError(_NO_LOGIN) from error
        except OSError as error:  # as all errors of requests are
            raise FetchError(_sentence(slug, error)) from error


def _ask_kaggle(slug: str) -> str:
    """The address that Kaggle sends this user to for the zip of all files."""
    from kaggle.api.kaggle_api_extended import ApiDownloadDataFilesRequest, KaggleApi

    api = KaggleApi()
    api.authenticate()
    request = ApiDownloadDataFilesRequest()
    request.competition_name = slug
    with api.build_kaggle_client() as kaggle:
        response = kaggle.competitions.competition_api_client.download_data_files(request)
        response.close()
    if not response.history:
        raise FetchError(
            f"Kaggle gave no address for the data of {slug!r}; update its client: "
            "pip install --upgrade kaggle"
        )
    return str(response.url)


def _sentence(slug: str, error: OSError) -> str:
    """What an error of the client means, and what to do."""
    response = getattr(error, "response", None)
    if response is not None:  # its truth would be that of its status
        status = response.status_code
        answer = f"Kaggle is out of order (it answers {status}); run the same command again later"
        return _ANSWERS.get(status, answer).format(slug=slug)
    if error.filename:
        return f"Kaggle's client cannot use {error.filename}: {error.strerror}"
    return "Kaggle cannot be reached; check the network and run the same command again"


def _unpack(bundle: Path, out: Path) -> list[Path]:
    """Put the members of a sound zip in place below `out`, each whole or not at all."""
    with zipfile.ZipFile(bundle) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        targets = [_place(out, member.filename) for member in members]
        needed, free = sum(member.file_size for member in members), shutil.disk_usage(out).free
        if needed > free:
            raise FetchError(f"the files need {needed:,} bytes and {out} has {free:,}; make room")
        for member, target in zip(members, targets, strict=True):
            with (
                archive.open(member) as packed,
                files.replacing(target) as scratch,
                scratch.open("wb") as file,
            ):
                shutil.copyfileobj(packed, file)
    return targets


def _place(out: Path, name: str) -> Path:
    """Where a member belongs, if that is below `out`."""
    target = out / name
    if not target.resolve().is_relative_to(out.resolve()):
        raise FetchError(f"Kaggle's zip names a file outside the folder, {name!r}; nothing written")
    return target
