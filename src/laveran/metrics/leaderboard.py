"""The homework's leaderboard: accuracy on a public half, on a private half, and overall."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from laveran.errors import ConfigError, LabelsError

NAMED = 3  # how many ids an error names


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Accuracies as `sklearn.metrics.accuracy_score` gives them.

    Attributes:
        public: On the cells that count while the competition runs; None without such cells.
        private: On all other cells; None without such cells.
        overall: On all cells.
        n_public: How many cells are public.
        n_private: How many are private.
    """

    public: float | None
    private: float | None
    overall: float
    n_public: int
    n_private: int


def score(
    submitted: Mapping[str, int],
    truth: Mapping[str, int],
    public_share: float = 0.5,
    seed: int = 0,
) -> Leaderboard:
    """Score a submission on a public and a private part of the truth, and on all of it.

    Which ids are public depends on the ids, the share and the seed, not on the order of rows.

    Args:
        submitted: Class by id, 0 or 1.
        truth: True class by id, 0 or 1; the same ids.
        public_share: Share of public cells, 0..1; half a cell is rounded up.
        seed: Seed of the draw.

    Returns:
        The three accuracies and how many cells are behind the first two.

    Raises:
        LabelsError: If the ids are not the same, there are none, or a class is neither 0 nor 1.
        ConfigError: If the share is not within 0..1.

    Example:
        >>> score({"a": 1, "b": 0, "c": 1, "d": 1}, {"a": 1, "b": 0, "c": 0, "d": 1})
        Leaderboard(public=0.5, private=1.0, overall=0.75, n_public=2, n_private=2)
    """
    if not 0 <= public_share <= 1:
        raise ConfigError(f"a public share of {public_share} is not between 0 and 1")
    _check(submitted, truth)
    drawn = sorted(truth, key=lambda name: _rank(name, seed))
    n_public = math.floor(public_share * len(drawn) + 0.5)
    right = [submitted[name] == truth[name] for name in drawn]
    return Leaderboard(
        public=_mean(right[:n_public]),
        private=_mean(right[n_public:]),
        overall=sum(right) / len(right),
        n_public=n_public,
        n_private=len(drawn) - n_public,
    )


def _rank(name: str, seed: int) -> bytes:
    """A place in the draw that depends on nothing but the name and the seed."""
    return hashlib.sha256(f"{seed}/{name}".encode()).digest()


def _mean(right: list[bool]) -> float | None:
    """The share of True, None for no cells."""
    return sum(right) / len(right) if right else None


def _check(submitted: Mapping[str, int], truth: Mapping[str, int]) -> None:
    """Refuse ids that do not match and classes that are none."""
    if not truth:
        raise LabelsError("the truth has no rows, so there is nothing to score")
    missing, extra = truth.keys() - submitted.keys(), submitted.keys() - truth.keys()
    if missing:
        raise LabelsError(f"the submission lacks {_some(missing)}; it needs every id of the truth")
    if extra:
        raise LabelsError(f"the submission has {_some(extra)}, not in the truth; remove those rows")
    for table, classes in (("submission", submitted), ("truth", truth)):
        wrong = [name for name, label in classes.items() if label not in (0, 1)]
        if wrong:
            raise LabelsError(
                f"the {table} has the class {classes[wrong[0]]!r} for {_some(wrong)}; a class is "
                "0 (uninfected) or 1 (parasitized)"
            )


def _some(names: Collection[str]) -> str:
    """How many ids, and the first few of them.

    >>> _some(["d", "b", "a", "c"])
    '4 ids (a, b, c, ...)'
    """
    first = ", ".join(sorted(names)[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return f"{len(names)} id{'s' if len(names) > 1 else ''} ({first})"
