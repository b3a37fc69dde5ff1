"""AlarmThreshold: how much windows of the reference itself differ from its other days.

Rows of one day resemble each other, so that the usual thresholds and p-values alarm in most weeks.
The reference's own days say what is usual: each of its windows is compared with all other days,
and the alarm is set at a quantile of the *greatest* deviation of any statistic in a window, so
that its rate holds for all of them together. A statistic that has been erratic is measured by its
own furthest deviation: one column that was once strange must not hide faults of all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.monitoring.drift.alarm.judged_statistics import EITHER_WAY

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

Statistic = tuple[str, str]
"""Name of a column and of what is measured of it."""
MOST_WINDOWS, FEWEST_WINDOWS = 300, 3
"""Windows drawn at most; a reference shorter than so many windows does not say what is usual."""
LEAST_SPREAD = 0.2
"""Of a logarithm, or in standard deviations: what never changes may change by tenths unnoticed."""
LEAST_THRESHOLD = 1.0
ERRATIC = 3.0
"""Times as far as the median statistic went, from which a statistic is erratic."""


@dataclass(frozen=True)
class ReferenceStatistic:
    """Mean and standard deviation of one statistic in the reference's windows."""

    mean: float
    spread: float
    either_way: bool

    def deviation(self, statistic: float) -> float:
        """Standard deviations above the mean, or on either side of it."""
        deviation = (statistic - self.mean) / self.spread
        return abs(deviation) if self.either_way else deviation


@dataclass(frozen=True)
class AlarmThreshold:
    """Every statistic in the reference, and the deviation beyond which one of them is an alarm."""

    statistics: Mapping[Statistic, ReferenceStatistic]
    deviation: float


def drawn_windows(days: int, length: int) -> Numbers | None:
    """Windows of neighbouring days of a reference; None where it is too short.

    Returns:
        1.0 where a day belongs to a window, shape (windows, days).
    """
    import numpy as np

    if days < FEWEST_WINDOWS * length:
        return None
    starts = np.unique(np.linspace(0, days - length, MOST_WINDOWS).round())
    at = np.arange(days) - starts[:, None]
    return ((at >= 0) & (at < length)).astype(np.float64)


def fit_alarm_threshold(
    statistics: Mapping[Statistic, Numbers],
    drawn: Numbers,
    false_alarm_rate: float,
    *,
    at_random: bool = False,
) -> AlarmThreshold:
    """Set the alarm so that this share of windows to come will raise it, if nothing changes.

    As split conformal prediction has it, the quantile leaves room for the window to come itself
    (Vovk, Gammerman and Shafer 2005, "Algorithmic Learning in a Random World", Springer); windows
    that overlap count as those that do not. A reference of fewer windows than the rate asks for
    alarms beyond all of them, by what an exponential tail as long as that of its upper half has
    still to come.

    Each window drawn is judged by those that share no day with it, as a window to come will be:
    in the mean and spread of a dozen weeks no week among them looks unusual, and the next one does.

    Args:
        statistics: values of each statistic in the windows drawn, shape (windows,).
        drawn: as from `drawn_windows`.
        at_random: windows are of rows drawn at random, which say nothing of each other even where
            they share some; each is judged by all others.
    """
    import numpy as np

    apart = 1 - np.eye(len(drawn)) if at_random else (drawn @ drawn.T == 0).astype(np.float64)
    values = np.array([statistics[name] for name in statistics])
    either_way = np.array([name in EITHER_WAY for _, name in statistics])
    deviations = _deviations_of_each(values, apart)
    deviations[either_way] = np.abs(deviations[either_way])
    furthest = deviations.max(axis=1)
    far = ERRATIC * max(float(np.median(furthest)), 1.0)
    erratic = furthest > far
    apart_at_once = len(drawn) if at_random else drawn.shape[1] / drawn[0].sum()
    level = min(1.0, (1 - false_alarm_rate) * (1 + 1 / apart_at_once))
    greatest = deviations[~erratic].max(axis=0)
    reached = float(np.quantile(greatest, level, method="higher"))
    reached += _still_to_come(greatest, false_alarm_rate * (apart_at_once + 1))
    threshold = max(reached, LEAST_THRESHOLD)
    means = values.mean(axis=1)
    spreads = np.maximum(values.std(axis=1), LEAST_SPREAD)
    away = values - means[:, None]
    away[either_way] = np.abs(away[either_way])
    # It alarms where it went furthest, or as much further as the others do beyond what is far.
    own = away.max(axis=1) / min(threshold, far)
    spreads[erratic] = np.maximum(own, LEAST_SPREAD)[erratic]
    fitted = zip(means.tolist(), spreads.tolist(), either_way.tolist(), strict=True)
    reference = (ReferenceStatistic(*values) for values in fitted)
    return AlarmThreshold(dict(zip(statistics, reference, strict=True)), threshold)


def _still_to_come(greatest: Numbers, expected: float) -> float:
    """How much further windows go that are rarer than those of the reference.

    Args:
        greatest: deviation of every window, shape (windows,).
        expected: windows of the reference and one more that may alarm; below 1 it has too few.
    """
    from math import log

    import numpy as np

    if expected >= 1:
        return 0.0
    excesses = greatest - np.median(greatest)
    above = excesses[excesses > 0]
    return float(above.mean()) * -log(expected) if len(above) else 0.0


def _deviations_of_each(values: Numbers, apart: Numbers) -> Numbers:
    """Of every window from those that judge it, shape (statistics, windows).

    Args:
        apart: 1.0 where one window judges another, shape (windows, windows).
    """
    import numpy as np

    others = apart.sum(axis=1)
    means = values @ apart / others
    variances = np.maximum(values**2 @ apart / others - means**2, 0.0)
    deviations: Numbers = (values - means) / np.maximum(np.sqrt(variances), LEAST_SPREAD)
    return deviations
