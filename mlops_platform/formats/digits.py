"""Numbers as people read them; what programs read keeps every digit."""

from collections.abc import Mapping
from math import floor, isfinite, log10
from typing import Any, Final

DIGITS: Final = 4


def rounded(value: float) -> float:
    """A number with four significant digits, and never less than its whole units."""
    if not isfinite(value) or value == 0:
        return value
    decimals = DIGITS - 1 - floor(log10(abs(value)))
    return round(value, max(decimals, 0))


def digits(value: float) -> str:
    """The same as a text, such as ``0.5251``, ``1234`` or ``2.5e-07``."""
    shown = rounded(value)
    return f"{shown:.0f}" if abs(shown) >= 10**DIGITS and isfinite(shown) else f"{shown:.{DIGITS}g}"


def rounded_inside(value: Any) -> Any:
    """A value in which each number has four significant digits."""
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, Mapping):
        return {key: rounded_inside(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [rounded_inside(member) for member in value]
    return value
