"""Detectors of a rise in a stream of standard normal scores."""

from __future__ import annotations

from collections import deque
from math import sqrt
from typing import TYPE_CHECKING, Protocol

from mlops_platform.spec.monitoring.performance import ChangeDetectionSpec, DetectorName

if TYPE_CHECKING:
    from river import drift
    from river.base import DriftDetector


class Detector(Protocol):
    """Takes scores one by one; starts anew after each finding."""

    def update(self, score: float) -> int | None:
        """How many scores old the change is, this one included; None where there is none."""


def detector_named(name: DetectorName, spec: ChangeDetectionSpec) -> Detector:
    """One detector with its declared settings."""
    if name == "cusum":
        return Cusum(spec.cusum.allowance, spec.cusum.decision_interval)
    if name == "rolling":
        return Rolling(spec.rolling.blocks, spec.rolling.level)
    return _of_river(name, spec)


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


class OfRiver:
    """A detector of river; one that wants shares gets the normal probability of a score."""

    def __init__(self, detector: DriftDetector, *, shares: bool) -> None:
        self._detector, self._shares = detector, shares

    def update(self, score: float) -> int | None:
        """Dates no change."""
        self._detector.update(_share(score) if self._shares else score)
        return 1 if self._detector.drift_detected else None


class Adwin:
    """river's adaptive window; a fall is no finding."""

    def __init__(self, window: drift.ADWIN) -> None:
        self._window = window

    def update(self, score: float) -> int | None:
        """Dates no change: what is left of the window begins long before it."""
        before = self._window.estimation
        self._window.update(_share(score))
        risen = self._window.drift_detected and self._window.estimation > before
        return 1 if risen else None


def _of_river(name: DetectorName, spec: ChangeDetectionSpec) -> Detector:
    from river import drift

    if name == "adwin":
        # Blocks are few: look for a cut after each, not after every 32nd.
        return Adwin(drift.ADWIN(delta=spec.adwin.delta, clock=1))
    if name == "hddm":
        hoeffding = drift.binary.HDDMA(drift_confidence=spec.hddm.confidence)
        return OfRiver(hoeffding, shares=True)
    settings = spec.page_hinkley
    page_hinkley = drift.PageHinkley(
        min_instances=1, delta=settings.delta, threshold=settings.threshold, mode="up"
    )
    return OfRiver(page_hinkley, shares=False)


def _share(score: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(score))
