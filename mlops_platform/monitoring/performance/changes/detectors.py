"""Detectors of a rise in a stream of standard normal scores."""

from __future__ import annotations

from collections import deque
from math import sqrt
from typing import Protocol

from mlops_platform.spec.monitoring.performance import ChangeDetectionSpec, DetectorName


class Detector(Protocol):
    """Takes scores one by one; starts anew after each finding."""

    def update(self, score: float) -> int | None:
        """How many scores old the change is, this one included; None where there is none."""


def detector_named(name: DetectorName, spec: ChangeDetectionSpec) -> Detector:
    """One detector with its declared settings."""
    if name == "cusum":
        return Cusum(spec.cusum.allowance, spec.cusum.decision_interval)
    return Rolling(spec.rolling.blocks, spec.rolling.level)


class Cusum:
    """One-sided cumulative sum (Page 1954, "Continuous inspection schemes", Biometrika 41)."""

    def __init__(self, allowance: float, decision_interval: float) -> None:
        self._allowance, self._decision_interval = allowance, decision_interval
        self._sum, self._length = 0.0, 0

    def update(self, score: float) -> int | None:
        """Dates the change to when the sum last began to rise."""
        self._sum = max(0.0, self._sum + score - self._allowance)
        self._length = self._length + 1 if self._sum else 0
        if self._sum <= self._decision_interval:
            return None
        length = self._length
        self._sum, self._length = 0.0, 0
        return length


class Rolling:
    """Mean of the last scores, in its standard errors."""

    def __init__(self, blocks: int, level: float) -> None:
        self._last, self._level = deque[float](maxlen=blocks), level

    def update(self, score: float) -> int | None:
        """Dates the change to the first of the last scores."""
        self._last.append(score)
        length = len(self._last)
        if length < (self._last.maxlen or 0) or sum(self._last) / sqrt(length) < self._level:
            return None
        self._last.clear()
        return length
