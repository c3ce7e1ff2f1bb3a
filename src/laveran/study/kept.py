"""What a study has finished: a small JSON file a fit, so that a study that was stopped goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from laveran import files
from laveran.errors import ConfigError
from laveran.model.prediction import Watch

Told = Callable[[int, int], None]  # steps done, steps in all
Result = TypeVar("Result", bound=BaseModel)
PARTS = 100  # of a fit, on the progress bar


class Kept:
    """The finished fits of one study in its folder.

    Args:
        folder: Where; `settings.json` and `fits/` are made in it.
        settings: What decides the results, as plain values: a folder of other ones is refused.
        fits: How many there will be, for the progress bar.
        watch: Called with ("train", hundredths of fits done, of all fits, {}).

    Raises:
        ConfigError: If the folder holds a study with other settings.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> class Found(BaseModel):
        ...     accuracy: float
        >>> with TemporaryDirectory() as folder:
        ...     first = Kept(Path(folder), {"seed": 0}, fits=1)
        ...     _ = first.once("plain", Found, lambda tell: Found(accuracy=0.5))
        ...     again = Kept(Path(folder), {"seed": 0}, fits=1)
        ...     again.once("plain", Found, lambda tell: Found(accuracy=0.9))
        Found(accuracy=0.5)
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], fits: int, watch: Watch | None = None
    ) -> None:
        self.folder, self.fits, self.watch = folder, fits, watch
        self.done = 0
        _claim(folder / "settings.json", dict(settings))

    def once(self, name: str, kind: type[Result], make: Callable[[Told], Result]) -> Result:
        """The result called `name`: read if it was made before, else made and kept.

        Args:
            name: Of the file, without suffix.
            kind: Class of the result.
            make: Makes it; called with a function to tell steps done and steps in all.

        Raises:
            ConfigError: If what was kept is damaged.
        """
        path = self.folder / "fits" / f"{name}.json"
        if path.exists():
            result = _read(path, kind)
        else:
            result = make(self._tell)
            files.write_text(path, result.model_dump_json() + "\n")
        self.done += 1
        self._tell(0, 1)
        return result

    def _tell(self, step: int, steps: int) -> None:
        """Show how far the study is."""
        if self.watch:
            self.watch("train", PARTS * self.done + PARTS * step // steps, PARTS * self.fits, {})


def _claim(path: Path, settings: dict[str, Any]) -> None:
    """Write the settings where there are none; refuse others."""
    if not path.exists():
        files.write_text(path, json.dumps(settings, indent=2) + "\n")
        return
    try:
        before = dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is damaged ({error}); choose another folder") from error
    for name in settings.keys() | before.keys():
        if settings.get(name) != before.get(name):
            raise ConfigError(
                f"{path.parent} holds a study with {name} {before.get(name)}, not "
                f"{settings.get(name)}; repeat those settings or choose another folder"
            )


def _read(path: Path, kind: type[Result]) -> Result:
    """The result in `path`."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(
            f"{path} is damaged; delete it, and the fit is made again ({error.errors()[0]['msg']})"
        ) from error
