"""How a row is answered: the probability, and what is decided by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_platform.tasks.binary_classification.columns import DECISION, PROBABILITY, THRESHOLD


def usable(numbers: Sequence[float], options: Mapping[str, Any]) -> bool:
    """Whether the number is a probability."""
    return 0.0 <= numbers[0] <= 1.0


def answer(
    numbers: Sequence[float], constants: Mapping[str, float], options: Mapping[str, Any]
) -> dict[str, float | bool | str]:
    """Probability and decision."""
    score = numbers[0]
    return {PROBABILITY: score, DECISION: score >= constants[THRESHOLD]}
