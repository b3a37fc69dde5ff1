"""How much of the past a retraining reads."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mlops_platform.data.features.training_history import TrainingHistory, declared_history
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.record import Record
from mlops_platform.spec import HistorySpec


class RecommendedHistory(Record):
    """What a policy backtest says about the history.

    Args:
        days: of the rolling history that it recommends, None for all that is known.
    """

    days: int | None
    made_at: datetime


def choose_history(
    spec: HistorySpec,
    as_of: datetime,
    windows: Sequence[WindowSignals],
    recommended: RecommendedHistory | None,
    timezone: str,
) -> TrainingHistory:
    """What the spec declares; all that is known where what it waits for has not been found yet.

    Args:
        windows: of the model, oldest first, whichever version scored them. Those that had not
            ended at `as_of` are not looked at, and neither is a later recommendation.
        timezone: of the days at which windows begin.
    """
    if spec.span == "since_last_change":
        ended = [window for window in windows if window.end <= as_of.date()]
        return _since_last_change(spec, as_of, ended, ZoneInfo(timezone))
    if spec.span == "chosen_by_backtest":
        return _recommended(spec, as_of, recommended)
    return declared_history(spec, as_of)


def _since_last_change(
    spec: HistorySpec, as_of: datetime, windows: Sequence[WindowSignals], zone: ZoneInfo
) -> TrainingHistory:
    changed = _last_change(windows)
    if changed is None:
        reason = "all that is known, since no change was found in the errors yet"
        return TrainingHistory(since=None, reason=reason)
    began = datetime.combine(changed.start, time(), zone)
    latest = as_of - timedelta(days=spec.least_days)
    if latest < began:
        reason = (
            f"the latest {spec.least_days} days, since the change of window {changed.window} is "
            "more recent than the fewest days that are read"
        )
        return TrainingHistory(since=latest, reason=reason)
    return TrainingHistory(since=began, reason=f"since the change of window {changed.window}")


def _last_change(windows: Sequence[WindowSignals]) -> WindowSignals | None:
    """The first window of the latest row in which a detector tells of a change."""
    first, before = None, None
    for window in windows:
        if window.change_point and not (
            before and before.change_point and before.release == window.release
        ):
            first = window
        before = window
    return first


def _recommended(
    spec: HistorySpec, as_of: datetime, recommended: RecommendedHistory | None
) -> TrainingHistory:
    if recommended is None or recommended.made_at > as_of:
        reason = "all that is known, since no backtest has recommended a history yet"
        return TrainingHistory(since=None, reason=reason)
    chosen = declared_history(spec.with_days(recommended.days), as_of)
    reason = f"{chosen.reason}, as the backtest of {recommended.made_at:%Y-%m-%d} recommends"
    return chosen.model_copy(update={"reason": reason})
