"""Values of a stream as standard normal scores against everything before them."""

from collections.abc import Iterable
from math import sqrt

FEWEST_BEFORE = 3
FURTHEST = 1e-12
"""Tail beyond which a probability is not told from 0 or 1."""


class NormalScores:
    """Standardises a stream that has no known mean and variance.

    The self-starting scheme of Hawkins 1987, "Self-starting CUSUM charts for location and scale",
    The Statistician 36(4). While independent normal values keep their mean and
    variance, the scores are independent and standard normal: a detector on them has the false
    alarms it was tuned for, although a new champion has shown a few days of errors only.
    """

    def __init__(self, before: Iterable[float] = ()) -> None:
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0
        for value in before:
            self._learn(value)

    def update(self, value: float) -> float | None:
        """The score of the next value; None where too few came before it."""
        score = self._score(value)
        self._learn(value)
        return score

    def _learn(self, value: float) -> None:
        self._count += 1
        deviation = value - self._mean
        self._mean += deviation / self._count
        self._squares += deviation * (value - self._mean)

    def _score(self, value: float) -> float | None:
        from scipy.special import ndtri, stdtr

        if self._count < FEWEST_BEFORE or not self._squares:
            return None
        spread = sqrt(self._squares / (self._count - 1) * (1 + 1 / self._count))
        probability = stdtr(self._count - 1, (value - self._mean) / spread)
        return float(ndtri(min(max(probability, FURTHEST), 1 - FURTHEST)))
