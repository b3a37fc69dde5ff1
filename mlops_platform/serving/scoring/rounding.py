"""Rounding: how far what is served may be from what the pipeline says, and how it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOLERANCE = 1e-12
"""Largest difference between a served and an offline number that is taken as rounding; relative to
numbers beyond 1."""


def relative_difference(expected: float, served: float, size: float = 0.0) -> float:
    """How far two numbers are apart, relative to the expected one where that is beyond 1.

    Args:
        size: of what the number was computed from, where that is larger.

    Returns:
        Infinity where one of them is not finite.
    """
    difference = abs(expected - served) / max(1.0, abs(expected), size)
    return difference if isfinite(difference) else inf


def largest_difference(expected: NDArray[np.float64], served: NDArray[np.float64]) -> float:
    """The largest `relative_difference` of any two numbers of two arrays of the same shape."""
    import numpy as np

    differences = np.abs(expected - served) / np.maximum(1.0, np.abs(expected))
    return float(differences.max()) if np.isfinite(differences).all() else inf


def answer_difference(expected: Mapping[str, Any], served: Mapping[str, Any]) -> float:
    """How far an answer is from the one that is expected; other fields than its own do not count.

    Answers may hold mappings, whose values count as those beside them.

    Numbers count relative to the largest one of the expected answer beyond 1: one that is the
    difference of two others, such as the width of an interval, has their rounding and not its own.
    What is not finite, or no number at all, is infinitely far away.

    Flags, texts and lists follow from numbers, and at a threshold rounding turns one: they are
    compared only where all numbers are equal. What differs then did not follow from them, and
    counts 1.
    """
    expected, served = _flat(expected), _flat(served)
    decided = {field: value for field, value in expected.items() if _is_decided(value)}
    numbers = {field: value for field, value in expected.items() if field not in decided}
    size = max(map(abs, numbers.values()), default=0.0)
    difference = max(
        (
            relative_difference(value, _number(served.get(field)), size)
            for field, value in numbers.items()
        ),
        default=0.0,
    )
    if difference == 0 and any(not _same(value, served.get(at)) for at, value in decided.items()):
        return 1.0
    return difference


def _flat(answer: Mapping[Any, Any]) -> dict[Any, Any]:
    """Without mappings inside; the names on the way to a value are its field then."""
    flat: dict[Any, Any] = {}
    for field, value in answer.items():
        if isinstance(value, Mapping):
            flat |= {(field, inner): within for inner, within in _flat(value).items()}
        else:
            flat[field] = value
    return flat


def _is_decided(value: Any) -> bool:
    return isinstance(value, bool | str | list)


def _same(value: Any, other: Any) -> bool:
    """Whether both are the same, of the same type: 1 is not true."""
    return type(value) is type(other) and bool(value == other)


def _number(value: Any) -> float:
    return value if isinstance(value, float | int) else inf
