"""Judges the gaps of a record by the limits that the YAML declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mlops_platform.fairness.record import (
    ColumnFairness,
    Fairness,
    FigureInterval,
    Gap,
    MetricByGroup,
)
from mlops_platform.formats.digits import digits
from mlops_platform.spec import GapLimitSpec, ModelSpec


class JudgedGap(NamedTuple):
    """One limit on one column.

    Args:
        passed: False where the gap surely is beyond the limit; None where no two groups could be
            compared.
        value: of the gap that was judged.
        text: a clause that names column, groups, figures, interval and limit.
    """

    column: str
    metric: str
    passed: bool | None
    value: float | None
    limit: float
    text: str


def judge_gaps(fairness: Fairness, limits: Mapping[str, GapLimitSpec]) -> tuple[JudgedGap, ...]:
    """Each limit on each column; what is broken first, then what cannot be judged."""
    judged = [
        gap
        for column in fairness.columns
        for name, limit in limits.items()
        for gap in _of_column(fairness, column, name, limit)
    ]
    return tuple(sorted(judged, key=lambda gap: (False, None, True).index(gap.passed)))


def limits_text(spec: ModelSpec) -> str:
    """The declared limits as a clause."""
    demands = [
        f"{name.replace('_', ' ')} may differ by {bound}"
        for name, limit in spec.gate.fairness.items()
        for bound in (
            *([] if limit.max_difference is None else [f"{limit.max_difference:g} at most"]),
            *([] if limit.min_ratio is None else [f"a ratio of {limit.min_ratio:g} at least"]),
        )
    ]
    return ", ".join(demands)


def few_text(column: ColumnFairness, measured: MetricByGroup) -> str:
    """Which groups are not compared, with their rows; empty where all are."""
    few = [f"{name} ({each.rows})" for name, each in measured.figures.items() if not each.judged]
    return f"not compared, for too few rows: {column.column} {', '.join(few)}" if few else ""


def interval_text(interval: FigureInterval) -> str:
    """Such as `0.12 to 0.24`."""
    upper = "no end" if interval.upper is None else digits(interval.upper)
    return f"{digits(interval.lower)} to {upper}"


def _of_column(
    fairness: Fairness, column: ColumnFairness, name: str, limit: GapLimitSpec
) -> Iterator[JudgedGap]:
    measured = column.metric(name)
    if measured is None:
        return  # Measured under a YAML that had another task.
    if limit.max_difference is not None:
        most, gap = limit.max_difference, measured.surest_difference
        is_met = gap is None or gap.interval.lower <= most
        yield _judged(fairness, column, measured, gap, is_met, ("difference", most))
    if limit.min_ratio is not None:
        least, gap = limit.min_ratio, measured.surest_ratio
        is_met = gap is None or gap.interval.upper is None or gap.interval.upper >= least
        yield _judged(fairness, column, measured, gap, is_met, ("ratio", least))


def _judged(
    fairness: Fairness,
    column: ColumnFairness,
    measured: MetricByGroup,
    gap: Gap | None,
    is_met: bool,
    limit: tuple[str, float],
) -> JudgedGap:
    kind, bound = limit
    name, few = measured.metric.replace("_", " "), few_text(column, measured)
    if gap is None and measured.difference is not None:
        text = f"{name} by {column.column} is 0 in every group, so that there is no ratio"
        return JudgedGap(column.column, measured.metric, True, None, bound, text)
    if gap is None:
        needed = f"two groups of {fairness.min_group_rows} rows are needed"
        text = f"{name} by {column.column} cannot be compared: {needed}, {few or _alone(column)}"
        return JudgedGap(column.column, measured.metric, None, None, bound, text)
    figures = " and ".join(
        f"{digits(measured.figures[group].value or 0.0)} for {group}"
        for group in (gap.greater, gap.lesser)
    )
    allowed = f"at {'most' if kind == 'difference' else 'least'} {bound:g}"
    surely = "may be" if is_met else "surely is not"
    text = (
        f"{name} by {column.column} is {figures}: a {kind} of {digits(gap.value)}, at "
        f"{fairness.confidence:.0%} confidence {interval_text(gap.interval)}, which {surely} "
        f"{allowed}{f' ({few})' if few else ''}"
    )
    return JudgedGap(column.column, measured.metric, is_met, gap.value, bound, text)


def _alone(column: ColumnFairness) -> str:
    return f"and all are {', '.join(column.groups)}"
