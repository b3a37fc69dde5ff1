"""A candidate against the champion, or the baseline, on the same rows: a paired bootstrap."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import Field

from mlops_platform.record import left_out_where
from mlops_platform.spec import ImprovementSpec, ModelSpec, ResamplingUnit, ShareSplitSpec
from mlops_platform.tasks.weights import mean_of
from mlops_platform.training.judging.agreement import Agreement
from mlops_platform.training.units import group_keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

MOST_DRAWN: Final = 40_000_000
"""Numbers of draws that are held at once."""


class Comparison(Agreement):
    """By how much the candidate's loss is below the champion's on common unseen rows.

    Attributes:
        metric: name of the loss.
        mean_improvement: champion's loss minus candidate's, per row.
        lower_bound: one-sided bound of the improvement at `confidence`.
        probability_of_improvement: share of resamples in which the candidate is better.
        unit: what was resampled as a whole, and `days` counts.
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
    unit: ResamplingUnit = Field(default="day", exclude_if=left_out_where("day"))

    @property
    def extent(self) -> int:
        """How many days, groups or rows were compared."""
        return self.rows if self.unit == "row" else self.days


def unseen_by_both(
    test_rows: DataFrame, champion_fitted_through: datetime, spec: ModelSpec
) -> DataFrame:
    """Test rows that the champion was not fitted on either.

    The released champion was refitted on everything known, its own test rows included, so only
    rows later than the last event it was fitted on are new to it. The candidate has seen none of
    its test rows.
    """
    return test_rows[test_rows[spec.features.moment_column] > champion_fitted_through]


def unseen_keys(
    test_rows: DataFrame, champion_rows: DataFrame, spec: ModelSpec, split: ShareSplitSpec
) -> DataFrame:
    """Likewise without event time: test rows of entities, or groups, that it was not fitted on.

    Args:
        champion_rows: those that the champion was fitted on. Where they do not name the group yet,
            entities tell rows apart.
    """
    import numpy as np

    group = split.group if split.group in champion_rows else None
    column = group or spec.features.entity
    seen = np.isin(group_keys(test_rows, column), group_keys(champion_rows, column))
    return test_rows[~seen]


class PairedLosses(NamedTuple):
    """Losses of two models on rows that neither has seen, shape (rows,) each; may be empty.

    Attributes:
        units: the day, group or handful of each row.
        weights: of the rows; None where all count the same.
    """

    champion: NDArray[np.float64]
    candidate: NDArray[np.float64]
    units: NDArray[Any]
    weights: NDArray[np.float64] | None = None


def compare_losses(
    improvement: ImprovementSpec, losses: PairedLosses, *, metric: str, seed: int
) -> Comparison:
    """Paired percentile bootstrap of the mean improvement, resampling whole units.

    Of rows with event time these are days.

    Days, because rows of one day share its weather and its congestion: resampling rows would take
    thousands of them for independent and be far too sure (cluster bootstrap, Davison and Hinkley
    1997, section 3.8).

    Args:
        improvement: confidence and number of resamples.
        losses: of both.
        metric: name of the loss.
        seed: of the resampling.
    """
    import numpy as np

    champion, candidate, units, weights = losses
    if not len(units):
        return Comparison(metric=metric, rows=0, days=0, confidence=improvement.confidence)
    distinct, unit_of_row = np.unique(units, return_inverse=True)
    gains, counts = champion - candidate, weights
    means = resampled_means(
        np.bincount(unit_of_row, weights=gains if counts is None else gains * counts),
        np.bincount(unit_of_row, weights=counts),
        improvement.resamples,
        seed,
    )
    return Comparison(
        metric=metric,
        rows=len(units),
        days=len(distinct),
        confidence=improvement.confidence,
        champion_loss=mean_of(champion, weights),
        candidate_loss=mean_of(candidate, weights),
        mean_improvement=mean_of(gains, weights),
        lower_bound=float(np.quantile(means, 1 - improvement.confidence)),
        probability_of_improvement=float((means > 0).mean()),
    )


def resampled_means(
    sums: NDArray[Any], rows: NDArray[Any], resamples: int, seed: int
) -> NDArray[np.float64]:
    """Means per row over units drawn with replacement, shape (resamples,).

    Args:
        rows: of each unit, their weight, or what else the sums are shares of.
    """
    import numpy as np

    count, random = len(sums), np.random.default_rng(seed)
    at_once = min(resamples, max(1, MOST_DRAWN // count))
    means = []
    for begin in range(0, resamples, at_once):
        size = min(at_once, resamples - begin)
        draws = random.multinomial(count, np.full(count, 1 / count), size)
        means.append((draws @ sums) / (draws @ rows))
    return np.concatenate(means)
