"""Judges the gaps of a record by the limits that the YAML declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
        strain: how far the gap reaches to its limit, which is 1.
        text: a clause that names column, groups, figures, interval and limit.
    """

    column: str
    metric: str
    passed: bool | None
    value: float | None
    limit: float
    strain: float
    text: str


def judge_gaps(fairness: Fairness, limits: Mapping[str, GapLimitSpec]) -> tuple[JudgedGap, ...]:
    """Each limit on each column; what is broken first, then what is open, then the widest."""
    judged = [
        gap
        for column in fairness.columns
        for name, limit in limits.items()
        if limit.holds_for(column.column)
        for gap in _of_column(fairness, column, name, limit)
    ]
    order = (False, None, True)
    return tuple(sorted(judged, key=lambda gap: (order.index(gap.passed), -gap.strain)))


def gaps_text(gaps: Sequence[JudgedGap]) -> str:
    """All that are broken, else all that are open, else the one that is closest to its limit."""
    first = gaps[0]
    if first.passed:
        return f"none of {len(gaps)} limited gaps surely is too wide; the closest: {first.text}"
    return "; ".join(gap.text for gap in gaps if gap.passed is first.passed)


def limits_text(spec: ModelSpec) -> str:
    """The declared limits as a clause."""
    demands = [
        f"{name.replace('_', ' ')}{_by(limit)} may differ by {bound}"
        for name, limit in spec.gate.fairness.items()
        for bound in (
            *([] if limit.max_difference is None else [f"{limit.max_difference:g} at most"]),
            *([] if limit.min_ratio is None else [f"a ratio of {limit.min_ratio:g} at least"]),
        )
    ]
    return ", ".join(demands)


def _by(limit: GapLimitSpec) -> str:
    return "" if limit.columns is None else f" by {' and '.join(limit.columns)}"


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
        yield _judged(fairness, column, measured, gap, ("difference", most))
    if limit.min_ratio is not None:
        least, gap = limit.min_ratio, measured.surest_ratio
        yield _judged(fairness, column, measured, gap, ("ratio", least))


def _judged(
    fairness: Fairness,
    column: ColumnFairness,
    measured: MetricByGroup,
    gap: Gap | None,
    limit: tuple[str, float],
) -> JudgedGap:
    kind, bound = limit
    metric, name = measured.metric, measured.metric.replace("_", " ")
    few = few_text(column, measured)
    if gap is None and measured.difference is not None:
        text = f"{name} by {column.column} is 0 in every group, so that there is no ratio"
        return JudgedGap(column.column, metric, True, None, bound, 0.0, text)
    if gap is None:
        needed = f"two groups of {fairness.min_group_rows} rows are needed"
        text = f"{name} by {column.column} cannot be compared: {needed}, {few or _alone(column)}"
        return JudgedGap(column.column, metric, None, None, bound, 0.0, text)
    figures = " and ".join(
        f"{digits(measured.figures[group].value or 0.0)} for {group}"
        for group in (gap.greater, gap.lesser)
    )
    is_difference = kind == "difference"
    passed, against = (_most if is_difference else _least)(gap.interval, bound)
    strain = _over(gap.value, bound) if is_difference else _over(bound, gap.value)
    text = (
        f"{name} by {column.column} is {figures}: a {kind} of {digits(gap.value)}, at "
        f"{fairness.confidence:.0%} confidence {interval_text(gap.interval)}, {against}"
        f"{f' ({few})' if few else ''}"
    )
    return JudgedGap(column.column, metric, passed, gap.value, bound, strain, text)


def _most(interval: FigureInterval, most: float) -> tuple[bool, str]:
    """Whether a difference may be allowed, and in words how sure that is."""
    if interval.lower > most:
        return False, f"which surely is more than the {most:g} that is allowed"
    if interval.upper is not None and interval.upper <= most:
        return True, f"which surely is within the {most:g} that is allowed"
    return True, f"which is not surely more than the {most:g} that is allowed"


def _least(interval: FigureInterval, least: float) -> tuple[bool, str]:
    """Likewise a ratio."""
    if interval.upper is not None and interval.upper < least:
        return False, f"which surely is less than the {least:g} that is needed"
    if interval.lower >= least:
        return True, f"which surely is within the {least:g} that is needed"
    return True, f"which is not surely less than the {least:g} that is needed"


def _over(value: float, bound: float) -> float:
    return value / bound if bound else float("inf")


def _alone(column: ColumnFairness) -> str:
    return f"and all are {', '.join(column.groups)}"
