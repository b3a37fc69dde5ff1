"""A candidate against the champion, or the baseline, on the same rows: a paired bootstrap."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record
from mlops_platform.spec import ImprovementSpec, ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame


class Comparison(Record):
    """By how much the candidate's loss is below the champion's on common unseen rows.

    Attributes:
        metric: name of the loss.
        mean_improvement: champion's loss minus candidate's, per row.
        lower_bound: one-sided bound of the improvement at `confidence`.
        probability_of_improvement: share of resamples in which the candidate is better.
    All of the floats but `confidence` are None where there is no common unseen row.
    """

    metric: str
    rows: int
    days: int
    confidence: float
    champion_loss: float | None = None
    candidate_loss: float | None = None
    mean_improvement: float | None = None
    lower_bound: float | None = None
    probability_of_improvement: float | None = None


def unseen_by_both(
    test_rows: DataFrame, champion_fitted_through: datetime, spec: ModelSpec
) -> DataFrame:
    """Test rows that the champion was not fitted on either.

    The released champion was refitted on everything known, its own test rows included, so only
    rows later than the last event it was fitted on are new to it. The candidate has seen none of
    its test rows.
    """
    return test_rows[test_rows[spec.features.event_time] > champion_fitted_through]


def compare_losses(
    improvement: ImprovementSpec,
    champion: NDArray[np.float64],
    candidate: NDArray[np.float64],
    days: NDArray[np.datetime64],
    *,
    metric: str,
    seed: int,
) -> Comparison:
    """Paired percentile bootstrap of the mean improvement, resampling whole days.

    Days, because rows of one day share its weather and its congestion: resampling rows would take
    thousands of them for independent and be far too sure (cluster bootstrap, Davison and Hinkley
    1997, section 3.8).

    Args:
        improvement: confidence and number of resamples.
        champion: losses on rows that neither model has seen, shape (rows,); may be empty.
        candidate: losses on the same rows.
        days: local day of each row, shape (rows,).
        metric: name of the loss.
        seed: of the resampling.
    """
    import numpy as np

    if not len(days):
        return Comparison(metric=metric, rows=0, days=0, confidence=improvement.confidence)
    distinct, day_of_row = np.unique(days, return_inverse=True)
    means = _resampled_means(
        np.bincount(day_of_row, weights=champion - candidate),
        np.bincount(day_of_row),
        improvement.resamples,
        seed,
    )
    return Comparison(
        metric=metric,
        rows=len(days),
        days=len(distinct),
        confidence=improvement.confidence,
        champion_loss=float(champion.mean()),
        candidate_loss=float(candidate.mean()),
        mean_improvement=float((champion - candidate).mean()),
        lower_bound=float(np.quantile(means, 1 - improvement.confidence)),
        probability_of_improvement=float((means > 0).mean()),
    )


def _resampled_means(
    sums: NDArray[Any], rows: NDArray[Any], resamples: int, seed: int
) -> NDArray[np.float64]:
    """Means per row over days drawn with replacement, shape (resamples,)."""
    import numpy as np

    count = len(sums)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples)
    means: NDArray[np.float64] = (draws @ sums) / (draws @ rows)
    return means
