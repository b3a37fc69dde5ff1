"""Drift: how far a window is from the reference, and whether that is an alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from mlops_platform.errors import DataError
from mlops_platform.monitoring.drift.alarm.judging import (
    WindowExtent,
    compare_columns,
    judge_columns,
)
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift
from mlops_platform.monitoring.drift.profile.released import of_release
from mlops_platform.monitoring.drift.segments import segments_in
from mlops_platform.record import Record
from mlops_platform.spec import DriftSpec, LevelsSpec

if TYPE_CHECKING:
    from mlops_platform.monitoring.drift.profile.histogram import Histogram
    from mlops_platform.monitoring.drift.profile.profile import Profile


class WindowDrift(Record):
    """Drift of one window.

    Args:
        segments: predictions of the rows that share a value of a declared subgroup; None where the
            reference has none that is large enough.
        prediction: greatest Jensen-Shannon distance of an output from that of held-out rows.
        importance_share: share of the model's importance that the drifted columns have.
    """

    rows: int
    rule: Literal["calibrated", "fixed"]
    features: GroupDrift
    scores: GroupDrift
    segments: GroupDrift | None = None
    share_of_columns: float
    importance_share: float
    prediction: float

    @property
    def columns(self) -> tuple[ColumnDrift, ...]:
        """Every feature."""
        return self.features.columns

    @property
    def most_drifted(self) -> tuple[ColumnDrift, ...]:
        """Features that drifted first, by what they matter to the model and how far they went."""
        return tuple(sorted(self.columns, key=_weight))

    @property
    def alarm(self) -> bool | None:
        """Whether any drift check failed; None where none could be judged."""
        groups = (self.features, self.scores, self.segments)
        judged = [group.alarm for group in groups if group is not None and group.alarm is not None]
        return any(judged) if judged else None


def measure_drift(
    profile: Profile,
    window: Mapping[str, Histogram],
    outputs: Sequence[str],
    days: Sequence[date],
    spec: DriftSpec,
    importances: Mapping[str, float],
) -> WindowDrift:
    """Compare a window with the reference, and judge it by the rule of the spec.

    Predictions are compared with those of the judged candidate and with the release's own, and
    judged by what they differ from less.

    Args:
        window: its rows, counted in the bins of the profile, by column; with the outputs and the
            segments.
        outputs: watched ones; the first one's segments are.
        days: of the window.
        importances: of the features, to the model.

    Raises:
        DataError: the window is empty.
    """
    first = outputs[0]
    if not window[first].total:
        raise DataError("Drift cannot be measured without rows; monitor a window that has some.")
    segments = [name for name in segments_in(profile) if name in window]
    features = [name for name in window if name not in (*outputs, *segments)]
    groups = [
        (names, rows_of)
        for names, rows_of in ((features, features[0]), (outputs, first), (segments, first))
        if names
    ]
    extent = WindowExtent(days, window[first].total)
    compared = [
        [
            compare_columns(
                reference,
                {name: window[name] for name in names},
                rows_of,
                extent,
                spec,
                importances,
            )
            for reference in _references(profile, (*names, rows_of))
        ]
        for names, rows_of in groups
    ]
    # Each group alarms at a rate of its own, so that all together keep to the spec's.
    able = max(sum(group[0].can_be_judged for group in compared), 1)
    rate = 1 - (1 - spec.false_alarm_rate) ** (1 / able)
    inputs, scores, *of_segments = (
        min((judge_columns(each, spec, rate) for each in group), key=_excess) for group in compared
    )
    drifted = [column for column in inputs.columns if column.drifted]
    share = len(drifted) / max(len(inputs.columns), 1)
    weight = _importance(inputs.columns)
    distance = max(column.statistic for column in scores.columns)
    apart = of_segments[0] if of_segments else None
    if spec.rule == "fixed":
        inputs = _by_levels(inputs, share, spec.fixed.share_of_columns)
        scores = _by_levels(scores, distance, spec.fixed.prediction)
        if apart is not None:
            furthest = apart.furthest.statistic if apart.furthest else 0.0
            apart = _by_levels(apart, furthest, spec.fixed.prediction)
    return WindowDrift(
        rows=int(window[first].total),
        rule=spec.rule,
        features=inputs,
        scores=scores,
        segments=apart,
        share_of_columns=share,
        importance_share=_importance(drifted) / weight if weight else 0,
        prediction=distance,
    )


def _references(profile: Profile, names: Sequence[str]) -> list[Profile]:
    """What columns are compared with: of predictions also what the release says itself."""
    own = of_release(profile, dict.fromkeys(names))
    return [profile] if own is None else [profile, own]


def _excess(group: GroupDrift) -> float:
    """The greatest deviation in units of the threshold; 0 where there is none."""
    return (group.greatest_deviation or 0.0) / group.threshold if group.threshold else 0.0


def _by_levels(group: GroupDrift, value: float, levels: LevelsSpec) -> GroupDrift:
    """Alarm where the value reaches a level; None where there is none."""
    declared = [level for level in (levels.warn, levels.error) if level is not None]
    return group.model_copy(update={"alarm": value >= min(declared) if declared else None})


def _importance(columns: Sequence[ColumnDrift]) -> float:
    return sum(max(column.importance, 0.0) for column in columns)


def _weight(column: ColumnDrift) -> tuple[bool, float, float, str]:
    matters = max(column.importance, 0.0) * column.statistic
    return not column.drifted, -matters, -column.statistic, column.column
