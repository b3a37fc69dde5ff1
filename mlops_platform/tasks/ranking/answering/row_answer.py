"""How a row of a ranking is answered: its numbers are its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from mlops_platform.tasks.ranking.columns import FIELDS, LARGEST_KEY


def usable(numbers: Sequence[float], options: Mapping[str, Any]) -> bool:
    """Whether all are finite, and the group is one that a number tells apart."""
    group = numbers[-1]
    return all(map(isfinite, numbers)) and abs(group) <= LARGEST_KEY and group == int(group)


def answer(
    numbers: Sequence[float], constants: Mapping[str, float], options: Mapping[str, Any]
) -> dict[str, float | bool | str]:
    """Score, rule and group."""
    return dict(zip(FIELDS, numbers, strict=True))
