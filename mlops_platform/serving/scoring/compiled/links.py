"""What follows raw scores: calibration, and what makes several numbers one answer."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import exp, log, log1p

from msgspec import Struct

from mlops_platform.serving.scoring.rounding import relative_difference

SATURATED = 1e-9
"""Closer to 0 or 1 a float64 probability no longer tells its log-odds."""
SMALLEST = 1e-12
"""What scikit-learn adds to a probability before it takes its logarithm."""


class Sigmoid(Struct, frozen=True, tag=True):
    """Platt's calibration: the log-odds are `slope * raw + offset` (Platt 1999)."""

    slope: float
    offset: float

    def explained(self, raw: float) -> float:
        """Log-odds of the calibrated probability."""
        return self.slope * raw + self.offset

    def number_at(self, explained: float) -> float:
        """The probability of log-odds."""
        return expit(explained)

    def error_at(self, explained: float, number: float) -> float | None:
        """How far log-odds are from those of a probability; None too close to 0 or 1 to tell."""
        if not SATURATED < number < 1 - SATURATED:
            return None
        return abs(explained - log(number) + log1p(-number))

    def number(self, raw: float) -> float:
        """The calibrated probability."""
        return expit(self.slope * raw + self.offset)


class Temperature(Struct, frozen=True, tag=True):
    """Temperature scaling of probabilities: their log-odds times `factor` (Guo et al. 2017)."""

    factor: float

    def number(self, raw: float) -> float:
        """The calibrated probability."""
        return expit(self.factor * (log(raw + SMALLEST) - log(1 - raw + SMALLEST)))


class Isotonic(Struct, frozen=True, tag=True):
    """Isotonic calibration: a line from knot to knot, level outside."""

    raw: tuple[float, ...]
    probabilities: tuple[float, ...]

    def number(self, raw: float) -> float:
        """The calibrated probability."""
        knots, levels = self.raw, self.probabilities
        if not knots[0] < raw < knots[-1]:
            # NaN stays NaN.
            return levels[0] if raw <= knots[0] else levels[-1] if raw >= knots[-1] else raw
        at = bisect_right(knots, raw)
        slope = (levels[at] - levels[at - 1]) / (knots[at] - knots[at - 1])
        return slope * (raw - knots[at - 1]) + levels[at - 1]


class Identity(Struct, frozen=True, tag=True):
    """The raw score is the number."""

    slope: float = 1.0

    def number(self, raw: float) -> float:
        """The same."""
        return raw

    def explained(self, raw: float) -> float:
        """The same."""
        return raw

    def number_at(self, explained: float) -> float:
        """The same."""
        return explained

    def error_at(self, explained: float, number: float) -> float | None:
        """The difference, relative to numbers beyond 1."""
        return relative_difference(number, explained)


class Exponential(Struct, frozen=True, tag=True):
    """The raw score is the logarithm of the number."""

    def number(self, raw: float) -> float:
        """The number."""
        return exp(raw)


class Softmax(Struct, frozen=True, tag=True):
    """Temperature scaling of the scores of all classes.

    Args:
        is_margin: whether they are scores; else probabilities, whose logarithms are.
    """

    factor: float
    is_margin: bool

    def numbers(self, raws: Sequence[float]) -> tuple[float, ...]:
        """Probabilities of the classes."""
        scores = raws if self.is_margin else [log(raw + SMALLEST) for raw in raws]
        scaled = [self.factor * score for score in scores]
        greatest = max(scaled)
        odds = [exp(score - greatest) for score in scaled]
        total = sum(odds)
        return tuple([part / total for part in odds])


class Normalised(Struct, frozen=True, tag=True):
    """Probabilities that each class has from a calibrator of its own, made to add up to 1."""

    def numbers(self, raws: Sequence[float]) -> tuple[float, ...]:
        """Probabilities of the classes."""
        total = sum(raws)
        if total == 0:
            return (1 / len(raws),) * len(raws)
        return tuple([raw / total for raw in raws])


class Complement(Struct, frozen=True, tag=True):
    """Probabilities of both of two classes."""

    def numbers(self, raws: Sequence[float]) -> tuple[float, ...]:
        """Probabilities of the classes."""
        return (1 - raws[0], raws[0])


class Nearest(Struct, frozen=True, tag=True):
    """To which centre a row belongs, of its distances from all, and how close it is to each."""

    def numbers(self, raws: Sequence[float]) -> tuple[float, ...]:
        """1 of the first of the closest centres and 0 of the others, then the distances."""
        count = len(raws) // 2
        distances, closeness = raws[:count], raws[count:]
        at = closeness.index(max(closeness))
        return (*[1.0 if centre == at else 0.0 for centre in range(count)], *distances)


Joint = Softmax | Normalised | Complement | Nearest
Link = Sigmoid | Temperature | Isotonic | Identity | Exponential


def expit(log_odds: float) -> float:
    """The logistic function, without overflow at either end."""
    if log_odds >= 0:
        return 1.0 / (1.0 + exp(-log_odds))
    odds = exp(log_odds)
    return odds / (1.0 + odds)
