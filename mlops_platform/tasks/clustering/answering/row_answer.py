"""How a row of a clustering is answered: the cluster that it belongs to most, by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from mlops_platform.tasks.clustering.columns import (
    CLUSTER,
    DISTANCE,
    MARGIN,
    NAMES,
    STABILITIES,
    STABILITY,
    UNIT,
)


def usable(numbers: Sequence[float], options: Mapping[str, Any]) -> bool:
    """Whether all are finite, and no distance is negative."""
    return all(map(isfinite, numbers)) and min(numbers[len(numbers) // 2 :]) >= 0


def answer(
    numbers: Sequence[float], constants: Mapping[str, float], options: Mapping[str, Any]
) -> dict[str, float | bool | str]:
    """Name of the cluster, distance, margin and stability.

    Args:
        numbers: how much the row belongs to each cluster, then how far it is from each centre.
    """
    clusters = len(numbers) // 2
    code = max(range(clusters), key=numbers.__getitem__)
    own = numbers[clusters + code]
    nearest = min(numbers[clusters + other] for other in range(clusters) if other != code)
    greater = max(own, nearest)
    return {
        CLUSTER: str(int(constants[NAMES[code]])),
        DISTANCE: own / constants[UNIT],
        MARGIN: (nearest - own) / greater if greater > 0 else 0.0,
        STABILITY: constants[STABILITIES[code]],
    }
