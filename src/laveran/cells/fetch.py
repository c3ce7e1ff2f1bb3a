"""Fetching the NIH's published cells: the facts of the data set, and its files by HTTP."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from laveran.cells.download import Check, Progress, download
from laveran.cells.integrity import sha256_fault, zip_fault
from laveran.errors import FetchError


@dataclass(frozen=True)
class Dataset:
    """The facts of a published data set.

    Attributes:
        title: Its publisher's name for it.
        citation: What to cite when it is used.
        licence: On what terms it may be used, as far as its publisher says.
        homepage: Where it is described.
        base_url: The folder that holds its files.
        archive: The zip with the pictures, in that folder.
        sha256: Hex digest of the archive.
        cells: The number of pictures in each folder of the archive.
        mappings: The tables that say which cell is whose, with their SHA-256.
    """

    title: str
    citation: str
    licence: str
    homepage: str
    base_url: str
    archive: str
    sha256: str
    cells: Mapping[str, int]
    mappings: Mapping[str, str]


# The archive's checksum is that of tensorflow/datasets (datasets/malaria/checksums.tsv; the same
# for its older address, ceb.nlm.nih.gov, in url_checksums/malaria.txt); those of the tables are
# from the package stable_datasets, and the same in an independent audit of NLM's files.
NIH = Dataset(
    title="NLM-Falciparum-Thin-Cell-Images",
    citation=(
        "Rajaraman S, Antani SK, Poostchi M, Silamut K, Hossain MA, Maude RJ, Jaeger S, Thoma GR. "
        "Pre-trained convolutional neural networks as feature extractors toward improved malaria "
        "parasite detection in thin blood smear images. PeerJ 6:e4568 (2018), "
        "doi:10.7717/peerj.4568"
    ),
    licence=(
        "none stated; the U.S. National Library of Medicine offers it to the public and asks to "
        "be cited"
    ),
    homepage=(
        "https://lhncbc.nlm.nih.gov/LHC-research/LHC-projects/image-processing/"
        "malaria-datasheet.html"
    ),
    base_url="https://data.lhncbc.nlm.nih.gov/public/Malaria",
    archive="cell_images.zip",
    sha256="0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668",
    cells={"Parasitized": 13_779, "Uninfected": 13_779},
    mappings={
        "patientid_cellmapping_parasitized.csv": (
            "d0367e513397404e980baee2a641bce9ce329a22e62ea9007962dfca2f8418d3"
        ),
        "patientid_cellmapping_uninfected.csv": (
            "a8577b21e7154724f4bbd18326218e2c63a99b22ab372b79a7530d36df6dab78"
        ),
    },
)


def fetch_nih(
    out: Path | str, *, base_url: str = NIH.base_url, progress: Progress | None = None
) -> Path:
    """Fetch the 27,558 cells of the NIH (337 MiB) and their two tables of patients.

    A file that is already there and good is left alone. An interrupted download is gone on with
    by the next call. Every file is proved by its published SHA-256, and in the archive every
    picture by its CRC-32; the pictures of each class are counted.

    Args:
        out: The folder to put the three files in.
        base_url: Another folder that holds the same files, a mirror.
        progress: Called with the bytes of the archive that are here, and all of them if known.

    Returns:
        The archive, `cell_images.zip` in `out`.

    Raises:
        FetchError: If a file cannot be had, or is not the published one.
        OutputError: If it cannot be written.

    Example:
        >>> fetch_nih("data", base_url="ftp://example.org")
        Traceback (most recent call last):
        ...
        laveran.errors.FetchError: 'ftp://example.org/patientid_...' is no http or https address
    """
    for name, sha256 in NIH.mappings.items():
        _fetch(base_url, Path(out, name), partial(sha256_fault, expected=sha256))
    return _fetch(base_url, Path(out, NIH.archive), _archive_fault, progress)


def _fetch(base_url: str, target: Path, check: Check, progress: Progress | None = None) -> Path:
    """Fetch the file that has the name of `target`, unless it is there already."""
    try:
        if target.is_file() and check(target) is None:
            return target
    except OSError as error:
        raise FetchError(f"cannot read {target}: {error.strerror}; move it away") from error
    return download(f"{base_url.rstrip('/')}/{target.name}", target, check=check, progress=progress)


def _archive_fault(path: Path) -> str | None:
    """What is wrong with an archive of NIH's cells, or None."""
    return sha256_fault(path, NIH.sha256) or zip_fault(path) or _count_fault(path)


def _count_fault(path: Path) -> str | None:
    """None when every class has its number of pictures; a `Thumbs.db` is no picture."""
    with zipfile.ZipFile(path) as archive:
        names = [PurePosixPath(name) for name in archive.namelist()]
    found = Counter(name.parent.name for name in names if name.suffix == ".png")
    for folder, count in NIH.cells.items():
        if found[folder] != count:
            return f"it holds {found[folder]:,} pictures in {folder}, not {count:,}"
    return None
