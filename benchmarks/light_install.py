"""Install the light side into a new environment: how big it is, and that it predicts.

Example: python benchmarks/light_install.py --model runs/fast --out light.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from inputs import write_cell
from results import Row, publish
from timing import whole_process

REPOSITORY = Path(__file__).resolve().parent.parent
SITE = "import sysconfig; print(sysconfig.get_path('purelib'))"
FOUND = "import importlib.util; print(importlib.util.find_spec('torch'))"


def on_disk(folder: Path) -> int:
    """The bytes that `folder` takes on the disk, as `du` counts; links are not followed."""
    return sum(path.lstat().st_blocks for path in folder.rglob("*")) * 512


def shown(size: int) -> str:
    """A size in both units that are called megabyte; `du -m` counts in MiB."""
    return f"{size / 1e6:.0f} MB ({size / 2**20:.0f} MiB)"


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="run folder or model file")
    parser.add_argument("--repository", type=Path, default=REPOSITORY)
    parser.add_argument("--out", type=Path, help="JSON to write")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        environment, picture = scratch / "light", scratch / "cell.png"
        write_cell(picture)
        whole_process(sys.executable, "-m", "venv", environment)
        python = environment / "bin" / "python"
        whole_process(python, "-m", "pip", "install", "--quiet", asked.repository.resolve())
        torch = whole_process(python, "-c", FOUND, folder=scratch).output.strip()
        site = Path(whole_process(python, "-c", SITE).output.strip())
        size, whole_size = on_disk(site), on_disk(environment)
        parts = {part.name: on_disk(part) for part in site.iterdir() if on_disk(part) > 5e6}
        packages = whole_process(python, "-m", "pip", "freeze").output.split("\n")
        options = ("--model", asked.model.resolve(), "--out", "submission.csv")
        laveran = environment / "bin" / "laveran"
        said = whole_process(laveran, "predict", picture, *options, folder=scratch).output.strip()
    rows = [
        Row("light install, packages", "", shown(size)),
        Row("light install, whole environment", "under 450 MB", shown(whole_size)),
        Row("torch in it", "no", "no" if torch == "None" else torch),
        Row("predict of one picture there", "works", said),
    ]
    versions = [name for name in packages if "==" in name]
    publish(rows, {"bytes of the largest": parts, "packages": versions}, asked.out)


if __name__ == "__main__":
    main()
