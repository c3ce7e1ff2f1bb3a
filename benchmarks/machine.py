"""The machine that a figure was measured on: `python benchmarks/machine.py`."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "laveran",
    "numpy",
    "opencv-python-headless",
    "imagecodecs",
    "onnxruntime",
    "pillow",
    "torch",
    "torchvision",
    "typer",
)


def describe() -> dict[str, str | int]:
    """Cores, processor, memory, system and versions.

    The versions are read, not imported: a process that measures memory has to stay small.
    """
    return {
        "cores": cores(),
        "processor": _processor(),
        "memory GB": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
    }


def markdown(machine: dict[str, str | int]) -> str:
    """The description in one line."""
    return ", ".join(f"{name} {value}" for name, value in machine.items())


def cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_cores(count: int) -> None:
    """Keep this process, and those that it starts, to `count` cores."""
    if cores() < count:
        raise SystemExit(f"{count} cores are asked for, {cores()} are there; give --cores")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    elif cores() != count:
        raise SystemExit(f"this system cannot keep a process to {count} of {cores()} cores")


def _processor() -> str:
    """The processor's name as the system knows it."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


if __name__ == "__main__":
    print(markdown(describe()))
