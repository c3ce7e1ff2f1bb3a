from types import SimpleNamespace

import pytest

from laveran.errors import ConfigError
from laveran.training import search_clock
from laveran.training.search_clock import Clock, seconds


@pytest.fixture
def now(monkeypatch):
    """The time, which stands still until it is moved."""
    time = SimpleNamespace(at=100.0)
    monkeypatch.setattr(search_clock, "time", SimpleNamespace(monotonic=lambda: time.at))
    return time


@pytest.mark.parametrize(
    ("budget", "expected"), [("90s", 90), ("60m", 3600), ("2h", 7200), (" 0.5m ", 30)]
)
def test_a_budget_in_words(budget, expected):
    assert seconds(budget) == expected


@pytest.mark.parametrize("budget", ["", "60", "m", "0s", "-5m", "1 hour", "5m30s", "nan"])
def test_what_is_no_time_is_refused(budget):
    with pytest.raises(ConfigError, match="write it as 90s, 60m or 2h"):
        seconds(budget)


def test_time_runs_and_what_was_spent_before_is_gone(now):
    clock = Clock(60)
    clock.charge(20)
    assert (clock.spent_s, clock.left_s) == (20, 40)
    now.at += 45
    assert (clock.spent_s, clock.left_s) == (65, -5)


def test_what_is_kept_is_not_left_for_trials(now):
    clock = Clock(60)
    clock.keep(10)
    assert clock.left_s == 50
    clock.keep(5)
    assert clock.left_s == 55
