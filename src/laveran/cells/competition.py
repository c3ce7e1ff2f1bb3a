"""Fetching the files of a Kaggle competition, through Kaggle's own client.

The client asks Kaggle for the data; Kaggle answers with the address of one zip of all files. From
there on it is a download like any other: resumed, checked, and its members put in place one by one.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from laveran import files
from laveran.cells.download import Progress, download
from laveran.cells.integrity import zip_fault
from laveran.cells.kaggle_account import read_slug, signed_in
from laveran.errors import FetchError


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


def _bundle_url(slug: str) -> str:
    """Where Kaggle has the zip of all files for this user; the address is good for some minutes."""
    with signed_in(slug) as api:
        from kaggle.api.kaggle_api_extended import ApiDownloadDataFilesRequest

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
