"""How long outcomes take to become known, and which share of a window's should be by now."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR_SECONDS = 3600

RowsByHours = tuple[tuple[int, int], ...]
"""Numbers of rows by whole hours, hours increasing."""


class LabelDelays(Record):
    """Delays of the outcomes of one window, counted at one moment; counts of windows add up.

    Args:
        known: rows by the hours from their event until their outcome reached the platform,
            rounded up.
        waiting: rows whose outcome is not known by the hours since their event, rounded down.
    """

    known: RowsByHours
    waiting: RowsByHours


class DelayDistribution(Record):
    """Share of outcomes known by hours after their event: a step function.

    Args:
        hours: where it rises, increasing.
        shares: its value from these hours on.
    """

    hours: tuple[int, ...]
    shares: tuple[float, ...]

    def share_known(self, hours: float) -> float:
        """Which share of outcomes is known so long after their event."""
        at = bisect_right(self.hours, hours)
        return self.shares[at - 1] if at else 0.0

    def hours_until(self, share: float) -> int | None:
        """After how many hours that share is known; None where it never is."""
        reached = zip(self.hours, self.shares, strict=True)
        return next((hours for hours, known in reached if known >= share), None)

    def expected_share(self, ages: RowsByHours) -> float:
        """Which share of rows should be known.

        Args:
            ages: rows by the hours since their event, at least one row.
        """
        known = sum(rows * self.share_known(hours) for hours, rows in ages)
        return known / sum(rows for _, rows in ages)


def rows_by_age(event_age: NDArray[Any]) -> RowsByHours:
    """Rows by whole hours since their event, rounded down.

    Args:
        event_age: seconds since the event of each row, shape (rows,).
    """
    import numpy as np

    return _counted(np.floor(np.maximum(event_age, 0) / HOUR_SECONDS))


def count_delays(event_age: NDArray[Any], known_age: NDArray[Any]) -> LabelDelays:
    """Count a window's rows.

    Args:
        event_age: seconds since the event of each row, shape (rows,).
        known_age: seconds since its outcome reached the platform, NaN where it has not.
    """
    import numpy as np

    known = ~np.isnan(known_age)
    delays = np.ceil((event_age[known] - known_age[known]) / HOUR_SECONDS)
    return LabelDelays(
        known=_counted(np.maximum(delays, 0)),
        waiting=rows_by_age(event_age[~known]),
    )


def delay_distribution(windows: Sequence[LabelDelays]) -> DelayDistribution | None:
    """Fit by the product-limit estimator (Kaplan and Meier 1958, JASA 53(282)).

    An outcome that is not known yet is censored at the age of its row: it says that this delay is
    longer, and is neither left out (delays would look too short) nor taken for lost.

    Returns:
        None where no outcome is known.
    """
    known, waiting = Counter[int](), Counter[int]()
    for window in windows:
        known.update(dict(window.known))
        waiting.update(dict(window.waiting))
    at_risk, unknown = known.total() + waiting.total(), 1.0
    shares: dict[int, float] = {}
    for hours in sorted(known.keys() | waiting.keys()):
        if known[hours]:
            unknown *= 1 - known[hours] / at_risk
            shares[hours] = 1 - unknown
        at_risk -= known[hours] + waiting[hours]
    if not shares:
        return None
    return DelayDistribution(hours=tuple(shares), shares=tuple(shares.values()))


def _counted(hours: NDArray[Any]) -> RowsByHours:
    import numpy as np

    distinct, rows = np.unique(hours.astype(int), return_counts=True)
    return tuple(zip(distinct.tolist(), rows.tolist(), strict=True))
