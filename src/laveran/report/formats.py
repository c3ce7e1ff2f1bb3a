"""How numbers read on a page: shares, plain numbers, counts, intervals."""

from __future__ import annotations

from collections.abc import Callable

from laveran.metrics import Figure

NOTHING = "\N{EN DASH}"  # stands where there is no figure


def share(value: float | None) -> str:
    """A share in percent; what is not all and not nothing never reads 100% or 0%.

    >>> share(0.9612), share(0.9999), share(0.99996), share(0.00004), share(1)
    ('96.1%', '99.99%', '>99.99%', '<0.01%', '100%')
    """
    if value is None:
        return NOTHING
    if value in (0, 1):
        return f"{value:.0%}"
    if 0.99995 <= value < 1:
        return ">99.99%"
    if 0 < value < 0.00005:
        return "<0.01%"
    rounded = f"{value:.1%}"
    return f"{value:.2%}" if rounded in ("100.0%", "0.0%") else rounded


def number(value: float | None) -> str:
    """A number to three decimals.

    >>> number(0.98765), number(None) == NOTHING
    ('0.988', True)
    """
    return NOTHING if value is None else f"{value:.3f}"


def probability(value: float) -> str:
    """A probability to three decimals; what is not certain never reads 0 or 1.

    >>> probability(0.25), probability(0.99999), probability(1e-9)
    ('0.250', '>0.999', '<0.001')
    """
    if 0.9995 <= value < 1:
        return ">0.999"
    return "<0.001" if 0 < value < 0.0005 else f"{value:.3f}"


def compact(value: float | None) -> str:
    """A number to three digits, however small.

    >>> compact(0.12345), compact(0.0000305)
    ('0.123', '3.05e-05')
    """
    return NOTHING if value is None else f"{value:.3g}"


def count(value: int) -> str:
    """A count with its thousands apart.

    >>> count(12586)
    '12,586'
    """
    return f"{value:,}"


def interval(figure: Figure, written: Callable[[float | None], str] = share) -> str:
    """The 95% interval in words; a dash where there is none.

    >>> interval(Figure(0.96, 0.951, 0.968)), interval(Figure(0.96)) == NOTHING
    ('95.1% to 96.8%', True)
    """
    if figure.low is None or figure.high is None:
        return NOTHING
    return f"{written(figure.low)} to {written(figure.high)}"
