"""Detectors of river, fed with the platform's normal scores of blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from river import drift
from scipy.special import ndtr

if TYPE_CHECKING:
    from river.base import DriftDetector

    from mlops_platform.monitoring.performance.changes.detectors import Detector


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


def _page_hinkley() -> Detector:
    page_hinkley = drift.PageHinkley(min_instances=1, delta=0.5, threshold=5.0, mode="up")
    return OfRiver(page_hinkley, shares=False)


def _adwin() -> Detector:
    # Blocks are few: look for a cut after each, not after every 32nd.
    return Adwin(drift.ADWIN(delta=0.002, clock=1))


def _hddm() -> Detector:
    return OfRiver(drift.binary.HDDMA(drift_confidence=0.001), shares=True)


RIVER: Mapping[str, Callable[[], Detector]] = {
    "page_hinkley": _page_hinkley,
    "adwin": _adwin,
    "hddm": _hddm,
}
"""New ones, by name."""


def _share(score: float) -> float:
    return float(ndtr(score))
