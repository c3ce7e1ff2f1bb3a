"""The budget of a search: wall-clock time, whose part that earlier calls spent is gone."""

from __future__ import annotations

import re
import time

from laveran.errors import ConfigError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(budget: str) -> float:
    """A time such as `90s`, `60m` or `2h` in seconds.

    Raises:
        ConfigError: If it is none, or 0.

    Example:
        >>> seconds("90s"), seconds("1.5h")
        (90.0, 5400.0)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", budget.strip())
    value = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not value:
        raise ConfigError(f"the budget {budget!r} is no time; write it as 90s, 60m or 2h")
    return value


class Clock:
    """Counts down from the budget, beginning now.

    Args:
        budget_s: Seconds in all.
    """

    def __init__(self, budget_s: float) -> None:
        self.budget_s = budget_s
        self._kept_s = 0.0
        self._started = time.monotonic()

    def charge(self, seconds: float) -> None:
        """Count `seconds` that earlier calls spent."""
        self._started -= seconds

    def keep(self, seconds: float) -> None:
        """Set `seconds` aside for what comes after the trials."""
        self._kept_s = seconds

    @property
    def spent_s(self) -> float:
        """Seconds that are gone."""
        return time.monotonic() - self._started

    @property
    def left_s(self) -> float:
        """Seconds that trials may still take; below 0 when they are over."""
        return self.budget_s - self._kept_s - self.spent_s
