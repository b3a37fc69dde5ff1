"""LabelMaturity: which share of a window's outcomes was known when, and which should be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_platform.monitoring.performance.label_delays import (
    LabelDelays,
    count_delays,
    delay_distribution,
    rows_by_age,
)
from mlops_platform.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray


class KnownShare(Record):
    """The share of a window's outcomes that was known at one moment."""

    as_of: datetime
    share: float


class LabelMaturity(Record):
    """The labels of one window, as often as they were looked at.

    Args:
        known: oldest first.
        expected: share that the delays of the other windows let expect at the last look; None
            where no outcome of another window is known.
        delays: counted at the last look.
    """

    known: tuple[KnownShare, ...]
    expected: float | None
    delays: LabelDelays


def label_maturity(
    as_of: datetime,
    event_times: NDArray[Any],
    known_at: NDArray[Any],
    before: LabelMaturity | None,
    others: Iterable[LabelMaturity],
) -> LabelMaturity | None:
    """Look at a window's labels once more; None where it has no rows.

    Args:
        as_of: aware moment of the look.
        event_times: UTC as datetime64, shape (rows,).
        known_at: when each outcome reached the platform, NaT where it has not, shape (rows,).
        before: what was known at earlier looks.
        others: labels of the model's other windows.
    """
    import numpy as np

    if not len(event_times):
        return None
    ages = _seconds_since(event_times, as_of)
    looks = {look.as_of: look for look in (before.known if before else ())}
    looks[as_of] = KnownShare(as_of=as_of, share=float((~np.isnat(known_at)).mean()))
    distribution = delay_distribution([labels.delays for labels in others])
    return LabelMaturity(
        known=tuple(looks[moment] for moment in sorted(looks)),
        expected=distribution.expected_share(rows_by_age(ages)) if distribution else None,
        delays=count_delays(ages, _seconds_since(known_at, as_of)),
    )


def _seconds_since(times: NDArray[Any], moment: datetime) -> NDArray[Any]:
    """NaN where there is no time."""
    import numpy as np

    present = np.datetime64(round(moment.timestamp() * 1_000_000), "us")
    seconds: NDArray[Any] = np.subtract(present, times) / np.timedelta64(1, "s")
    return seconds
