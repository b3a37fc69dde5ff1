"""What a policy would have seen of the past: the windows with the labels that were known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.policy.backtest.walk import Standing
from mlops_platform.monitoring.policy.history import Attempt, History
from mlops_platform.monitoring.policy.signals import WindowSignals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.policy.backtest.past import Measure


def history_at(standing: Standing) -> History:
    """The history that the platform would have given to the policy."""
    fits, known = standing.past.fits, known_days(standing)
    return History(
        now=fits[standing.at].as_of,
        champion_version=standing.champion,
        released_at=fits[standing.champion].as_of,
        windows=tuple(
            _window(standing, at, known)
            for at, rows in enumerate(standing.past.window_rows[: standing.at])
            if rows  # the platform tells a policy nothing of an empty window either
        ),
        retrainings=tuple(_attempts(standing)),
        new_rows=_new_rows(standing, known),
        trained_rows=fits[standing.attempts[-1].fit if standing.attempts else 0].rows,
    )


def known_days(standing: Standing) -> NDArray[np.bool_]:
    """Days all of whose labels are known at the decision, shape (days,)."""
    past = standing.past
    return (past.known_at <= standing.now) & (past.window_of < standing.at)


def _attempts(standing: Standing) -> list[Attempt]:
    """Every training with a verdict; the first champion's is one."""
    fits = standing.past.fits
    first = Attempt(
        at=fits[0].as_of, window=None, outcome="promote", cpu_seconds=fits[0].cpu_seconds
    )
    return [
        first,
        *(
            Attempt(
                at=fits[attempt.fit].as_of,
                window=standing.past.windows[attempt.fit - 1].name,
                outcome="promote" if attempt.promoted else "reject",
                cpu_seconds=fits[attempt.fit].cpu_seconds,
            )
            for attempt in standing.attempts
        ),
    ]


def _new_rows(standing: Standing, known: NDArray[np.bool_]) -> int:
    """Rows whose labels became known since the last training."""
    past = standing.past
    last = standing.attempts[-1].fit if standing.attempts else 0
    since = past.fits[last].as_of.timestamp()
    fresh = known & (past.known_at > since)
    return int(past.rows[fresh].sum())


def _window(standing: Standing, at: int, known: NDArray[np.bool_]) -> WindowSignals:
    past, window, version = standing.past, standing.past.windows[at], standing.serving[at]
    fit = past.fits[version]
    days = past.days_of(at)
    labelled_days = days[known[days]]

    def mean(measure: Measure, chosen: NDArray[np.int64]) -> float | None:
        weight = float(past.weight[chosen].sum())
        return float(past.sums[measure][version, chosen].sum()) / weight if weight else None

    return WindowSignals(
        window=window.name,
        start=window.start,
        end=window.end,
        version=version,
        release=version,
        rows=int(past.rows[days].sum()),
        labelled=int(past.rows[labelled_days].sum()),
        mature=window.matures_at <= past.windows[standing.at - 1].ends_at,
        losses=LossFigures(
            loss=mean("loss", labelled_days),
            baseline_loss=mean("baseline_loss", labelled_days),
            test_loss=fit.test_loss,
            test_baseline_loss=fit.test_baseline_loss,
            estimated_loss=mean("estimated_loss", days),
            estimated_baseline_loss=mean("estimated_baseline_loss", days),
        ),
    )
