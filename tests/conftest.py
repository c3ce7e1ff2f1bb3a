"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("laveran", deadline=None, derandomize=True)
settings.load_profile("laveran")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """No test finds prepared cells of another time, or leaves any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAVERAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data: LAVERAN_DATA, or ../shared/data beside the repository."""
    folder = Path(os.environ.get("LAVERAN_DATA", REPOSITORY.parent / "shared" / "data"))
    if folder.is_dir():
        return folder
    if os.environ.get("CI") == "true" and (REPOSITORY.parent / "shared").is_dir():
        pytest.fail(f"in CI the real data must be there: {folder} is missing")
    pytest.skip(f"no real data here: {folder} does not exist (set LAVERAN_DATA)")


@pytest.fixture(scope="session")
def homework(data_dir: Path) -> Path:
    """The folder with the homework's three files."""
    return data_dir / "homework"
