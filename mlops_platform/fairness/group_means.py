"""Means of groups of rows that were drawn in units, and how sure they and their gaps are.

Rows of one day share its circumstances, so that variances are those of sums over units (the
linearised variance of a ratio: Cochran 1977, "Sampling techniques", section 6.5). A share has
Wilson's interval, with as many rows as are worth so many independent ones (Korn and Graubard 1998,
"Confidence intervals for proportions with small expected number of positive counts", Survey
Methodology 24); any other mean has Student's. Gaps come of both intervals (Newcombe 1998,
"Interval estimation for the difference between independent proportions", Statistics in Medicine
17; Zou and Donner 2008, "Construction of confidence limits about effect measures", ibid. 27).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_platform.spec import FEWEST_UNITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.fairness.groups import Groups
    from mlops_platform.tasks import GroupMetric, Predictions
    from mlops_platform.tasks.predictions import Targets

    Numbers = NDArray[np.float64]


class Ends(NamedTuple):
    """Of an interval; None where it has no end."""

    lower: float
    upper: float | None


@dataclass(frozen=True, eq=False)
class GroupMeans:
    """One entry per group, shape (groups,), unless said otherwise.

    Args:
        rows: that were counted.
        units: that these are of.
        means: NaN where no row was counted.
        variances: of the means.
        correlations: of the means of two groups, shape (groups, groups): they share units.
        effective_rows: independent rows that would tell as much.
        is_rate: means are shares.
        signed: means may be negative.
    """

    rows: NDArray[np.intp]
    units: NDArray[np.intp]
    means: Numbers
    variances: Numbers
    correlations: Numbers
    effective_rows: Numbers
    is_rate: bool
    signed: bool

    def interval(self, group: int, level: float) -> Ends | None:
        """Two-sided, at a level such as 0.95; None where nothing is known of how units differ."""
        import numpy as np
        from scipy.special import ndtri, stdtrit

        units, mean = int(self.units[group]), float(self.means[group])
        if units < FEWEST_UNITS or not np.isfinite(mean):
            return None
        tail = (1 + level) / 2
        if not self.is_rate:
            reach = float(stdtrit(units - 1, tail) * np.sqrt(self.variances[group]))
            lower = mean - reach
            return Ends(lower if self.signed else max(lower, 0.0), mean + reach)
        independent = units == self.rows[group]
        quantile = float(ndtri(tail) if independent else stdtrit(units - 1, tail))
        return _wilson(mean, float(self.effective_rows[group]), quantile)

    def difference(self, greater: int, lesser: int, level: float) -> Ends | None:
        """Interval of the mean of one group minus that of another."""
        reaches = self._reaches(greater, lesser, level)
        if reaches is None:
            return None
        (below, above), (other_below, other_above), correlation = reaches
        difference = float(self.means[greater] - self.means[lesser])
        return Ends(
            difference - _joint(below, other_above, correlation),
            difference + _joint(above, other_below, correlation),
        )

    def ratio(self, lesser: int, greater: int, level: float) -> Ends | None:
        """Interval of the mean of one group over that of another; None where that is 0.

        Its ends r are those at which the interval of `lesser - r * greater` ends at 0 (Fieller).
        """
        reaches = self._reaches(lesser, greater, level)
        over, under = float(self.means[lesser]), float(self.means[greater])
        if reaches is None or self.signed or under <= 0:
            return None
        (below, above), (other_below, other_above), correlation = reaches
        return Ends(
            _least_ratio(over, under, (below, other_above), correlation),
            _greatest_ratio(over, under, (above, other_below), correlation),
        )

    def _reaches(
        self, first: int, second: int, level: float
    ) -> tuple[tuple[float, float], tuple[float, float], float] | None:
        """How far both intervals reach below and above their means, and their correlation."""
        reaches = []
        for group in (first, second):
            ends = self.interval(group, level)
            if ends is None or ends.upper is None:
                return None
            mean = float(self.means[group])
            reaches.append((mean - ends.lower, ends.upper - mean))
        return reaches[0], reaches[1], float(self.correlations[first, second])


def metric_means(
    metric: GroupMetric,
    groups: Groups,
    targets: Targets,
    predictions: Predictions,
    units: NDArray[Any],
) -> GroupMeans:
    """Means of a figure of groups, over the rows that count for it."""
    import numpy as np

    counted = np.ones(len(targets), dtype=bool)
    if metric.counted is not None:
        counted = metric.counted(targets, predictions)
    weights = predictions.weights
    means = group_means(
        metric.row_values(targets, predictions)[counted],
        groups.codes[counted],
        len(groups.names),
        units[counted],
        None if weights is None else weights[counted],
        is_rate=metric.is_rate,
    )
    return replace(means, signed=metric.signed)


def group_means(
    values: Numbers,
    codes: NDArray[np.intp],
    count: int,
    units: NDArray[Any],
    weights: Numbers | None,
    *,
    is_rate: bool = False,
) -> GroupMeans:
    """Means of groups; `signed` until said otherwise.

    Args:
        values: of the rows that count, shape (rows,); 0 and 1 where the mean is a share.
        codes: the group of each row, below `count`.
        units: the day, group or number of each row.
        weights: how much each row counts; None where all count the same.
    """
    import numpy as np
    from scipy.sparse import csr_array

    rows = np.bincount(codes, minlength=count)
    weights = np.ones(len(values)) if weights is None else weights
    totals = np.bincount(codes, weights=weights, minlength=count)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.bincount(codes, weights=weights * values, minlength=count) / totals
        kish = totals**2 / np.bincount(codes, weights=weights**2, minlength=count)
        excesses = weights * (values - means[codes]) / totals[codes]
    distinct, unit_of_row = np.unique(units, return_inverse=True)
    shape = (count, len(distinct))
    sums = csr_array((excesses, (codes, unit_of_row)), shape=shape)
    present = csr_array((np.ones(len(values)), (codes, unit_of_row)), shape=shape)
    units_of_group = np.diff(present.indptr)
    products = (sums @ sums.T).toarray()
    squares = np.diagonal(products)
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = squares * units_of_group / (units_of_group - 1)
        correlations = products / np.sqrt(np.outer(squares, squares))
        effective = _effective_rows(means, variances, kish) if is_rate else kish
    return GroupMeans(
        rows=rows,
        units=units_of_group,
        means=means,
        variances=variances,
        correlations=np.clip(np.nan_to_num(correlations), -1, 1),
        effective_rows=effective,
        is_rate=is_rate,
        signed=not is_rate,
    )


def _effective_rows(means: Numbers, variances: Numbers, kish: Numbers) -> Numbers:
    """Rows that tell as much as these, were they independent; never more than there are.

    Where all rows are alike, units show no difference: the greatest loss of another group stands
    in.
    """
    import numpy as np

    inflation = variances / (means * (1 - means) / (kish - 1))
    known = np.isfinite(inflation) & (means > 0) & (means < 1)
    most = max(1.0, float(inflation[known].max())) if known.any() else 1.0
    effective: Numbers = kish / np.where(known, np.maximum(inflation, 1.0), most)
    return effective


def _wilson(share: float, rows: float, quantile: float) -> Ends:
    from math import sqrt

    scale = 1 + quantile**2 / rows
    centre = (share + quantile**2 / (2 * rows)) / scale
    reach = quantile / scale * sqrt(share * (1 - share) / rows + (quantile / (2 * rows)) ** 2)
    # Of no and of all rows one end is the share itself, which rounding may miss.
    return Ends(min(max(centre - reach, 0.0), share), max(min(centre + reach, 1.0), share))


def _joint(reach: float, other: float, correlation: float) -> float:
    from math import sqrt

    return sqrt(max(reach**2 + other**2 - 2 * correlation * reach * other, 0.0))


def _least_ratio(
    over: float, under: float, reaches: tuple[float, float], correlation: float
) -> float:
    """The lower end of a ratio: 0 where the dividend may be nothing."""
    from math import sqrt

    reach, other = reaches
    rest = over**2 - reach**2
    if rest <= 0:
        return 0.0
    half = over * under - correlation * reach * other
    # The smaller root of square * r**2 - 2 * half * r + rest, also where square is 0 or less.
    # Under the root is never less than nothing but by rounding.
    return rest / (half + sqrt(max(half**2 - (under**2 - other**2) * rest, 0.0)))


def _greatest_ratio(
    over: float, under: float, reaches: tuple[float, float], correlation: float
) -> float | None:
    """The upper end; None where the divisor may be nothing."""
    from math import sqrt

    reach, other = reaches
    square = under**2 - other**2
    if square <= 0:
        return None
    half = over * under - correlation * reach * other
    return (half + sqrt(max(half**2 - square * (over**2 - reach**2), 0.0))) / square
