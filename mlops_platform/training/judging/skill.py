"""D2: how much of the loss of a baseline in hindsight a model saves, and how surely."""

from __future__ import annotations

from mlops_platform.record import Record
from mlops_platform.spec import FEWEST_UNITS, ImprovementSpec
from mlops_platform.tasks.weights import mean_of
from mlops_platform.training.judging.comparison import PairedLosses, resampled_means


class Skill(Record):
    """The share that is saved: 1 is right, 0 no better than the best constant there is.

    Attributes:
        lower, upper: each is missed with half of what `confidence` leaves; None with fewer than
            three units, or where a resample has nothing to save.
    """

    value: float
    confidence: float
    lower: float | None = None
    upper: float | None = None

    @property
    def text(self) -> str:
        """For a person."""
        if self.lower is None or self.upper is None:
            return f"{self.value:.1%}"
        return f"{self.value:.1%} ({self.lower:.1%} to {self.upper:.1%})"


def skill_of(improvement: ImprovementSpec, losses: PairedLosses, *, seed: int) -> Skill | None:
    """By the resamples of `compare_losses`; None where the baseline loses nothing.

    Args:
        improvement: number of resamples, and the one-sided confidence of each end.
        losses: of the baseline, in the place of the champion, and of the candidate.
    """
    import numpy as np

    baseline, own, units, weights = losses
    constant = mean_of(baseline, weights) if len(units) else 0.0
    if not constant:
        return None
    distinct, at = np.unique(units, return_inverse=True)
    value, confidence = 1 - mean_of(own, weights) / constant, 2 * improvement.confidence - 1
    counted = np.ones(len(units)) if weights is None else weights
    losses_by_unit, of_baseline = (
        np.bincount(at, weights=counted * each) for each in (own, baseline)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = resampled_means(losses_by_unit, of_baseline, improvement.resamples, seed)
    if len(distinct) < FEWEST_UNITS or not np.isfinite(ratios).all():
        return Skill(value=value, confidence=confidence)
    upper, lower = np.quantile(ratios, [1 - improvement.confidence, improvement.confidence])
    return Skill(value=value, confidence=confidence, lower=float(1 - lower), upper=float(1 - upper))
