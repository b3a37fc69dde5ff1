"""How a row is answered: probabilities of all declared classes, and what is decided by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_platform.tasks.multiclass_classification.columns import (
    CONFIDENCE,
    COVERAGE,
    DECISION,
    PROBABILITIES,
    SET,
    SET_FROM,
    SET_SIZE,
    factor,
    known,
    probability,
)
from mlops_platform.tasks.multiclass_classification.costs import cheapest_in_row
from mlops_platform.tasks.multiclass_classification.probabilities import floored_row


def usable(numbers: Sequence[float], options: Mapping[str, Any]) -> bool:
    """Whether the numbers are probabilities."""
    return all(0.0 <= value <= 1.0 for value in numbers)


def answer(
    numbers: Sequence[float], constants: Mapping[str, float], options: Mapping[str, Any]
) -> dict[str, float | bool | str]:
    """Decision, confidence, a probability of each class, and what makes a set.

    Args:
        options: `classes`, the `costs` of decisions or None, and the `coverage` of sets or None.
    """
    classes = options["classes"]
    spread = [0.0] * len(classes)
    for (position, times), number in zip(
        known_factors(constants, len(classes)), numbers, strict=True
    ):
        spread[position] = number * times
    row = floored_row(spread)
    answered: dict[str, float | bool | str] = {
        DECISION: classes[cheapest_in_row(row, options["costs"])],
        CONFIDENCE: max(row),
    }
    for position, value in enumerate(row):
        answered[probability(position)] = value
    if options["coverage"] is not None:
        least = constants.get(SET_FROM, 0.0)
        answered[SET_SIZE] = float(max(sum(value >= least for value in row), 1))
        answered[SET_FROM] = least
    return answered


def shown(
    answer: Mapping[str, float | bool | str], options: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Probabilities by class, and the classes of the set, the likeliest first."""
    classes = options["classes"]
    row = [float(answer[probability(position)]) for position in range(len(classes))]
    told = {
        DECISION: answer[DECISION],
        CONFIDENCE: answer[CONFIDENCE],
        PROBABILITIES: dict(zip(classes, row, strict=True)),
    }
    if options["coverage"] is None:
        return told
    ranked = sorted(range(len(classes)), key=lambda position: (-row[position], position))
    held = [classes[position] for position in ranked[: int(answer[SET_SIZE])]]
    return {**told, SET: held, COVERAGE: options["coverage"]}


def known_factors(constants: Mapping[str, float], count: int) -> list[tuple[int, float]]:
    """Position and factor of each of `count` classes that a model knows."""
    return [
        (at, constants.get(factor(at), 1.0)) for at in range(count) if constants.get(known(at), 1.0)
    ]
