"""Measures every figure of a task by group, and the gaps between groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

from mlops_platform.fairness.group_means import Ends, GroupMeans, metric_means
from mlops_platform.fairness.groups import OTHER, Groups, at_most, crossed
from mlops_platform.fairness.record import (
    ColumnFairness,
    Fairness,
    FigureInterval,
    Gap,
    GroupFigure,
    MetricByGroup,
    ReferenceGap,
)
from mlops_platform.spec import FairnessSpec, ModelSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks import Predictions
    from mlops_platform.tasks.predictions import Targets


@dataclass(frozen=True, eq=False)
class MeasuredRows:
    """Rows with an outcome; all of shape (rows,).

    Args:
        groups: of each declared column.
        units: the day, group or number of each row: what was drawn as a whole.
    """

    groups: Mapping[str, Groups]
    targets: Targets
    predictions: Predictions
    units: NDArray[Any]


def measure_fairness(
    spec: ModelSpec, rows: MeasuredRows, *, intersections: bool = False
) -> Fairness | None:
    """Figures and gaps of each declared column; None where none is declared, or there is no row.

    Args:
        intersections: also of each two columns, of groups that are large enough.
    """
    declared = spec.evaluation.fairness
    if declared is None or not len(rows.targets):
        return None
    columns = {column: at_most(rows.groups[column]) for column in declared.columns}
    crossings = {
        f"{first} x {second}": crossed(columns[first], columns[second])
        for first, second in combinations(declared.columns, 2)
    }
    return Fairness(
        confidence=declared.confidence,
        min_group_rows=declared.min_group_rows,
        columns=tuple(_column(spec, name, groups, rows) for name, groups in columns.items()),
        intersections=tuple(_intersections(spec, crossings, rows) if intersections else ()),
    )


def _intersections(
    spec: ModelSpec, crossings: Mapping[str, Groups], rows: MeasuredRows
) -> Iterator[ColumnFairness]:
    import numpy as np

    assert spec.evaluation.fairness is not None  # there are columns to cross
    least = spec.evaluation.fairness.min_group_rows
    for name, groups in crossings.items():
        large = [size >= least for size in groups.sizes.values()]
        selected = np.array(large, dtype=bool)[groups.codes]
        if sum(large) > 1:
            # The largest come first, so that codes stay what they are.
            kept = replace(groups.rows(selected), names=groups.names[: sum(large)])
            of_large = MeasuredRows(
                {}, rows.targets[selected], rows.predictions.rows(selected), rows.units[selected]
            )
            yield _column(spec, name, at_most(kept), of_large)


def _column(spec: ModelSpec, column: str, groups: Groups, rows: MeasuredRows) -> ColumnFairness:
    declared = spec.evaluation.fairness
    assert declared is not None  # a column is measured
    limits = sum(
        limit.bounds * sum(map(limit.holds_for, declared.columns))
        for limit in spec.gate.fairness.values()
    )
    return ColumnFairness(
        column=column,
        groups=groups.sizes,
        reference=declared.reference.get(column),
        metrics=tuple(
            _Compared(declared, groups.names, means, max(1, limits)).as_record(
                name, metric.meaning, declared.reference.get(column)
            )
            for name, metric in spec.task.group_metrics.items()
            for means in [metric_means(metric, groups, rows.targets, rows.predictions, rows.units)]
        ),
    )


@dataclass(frozen=True, eq=False)
class _Compared:
    """One figure of all groups of a column, compared.

    Args:
        limits: among which the doubt is shared, beside the pairs of groups.
    """

    declared: FairnessSpec
    names: tuple[str, ...]
    means: GroupMeans
    limits: int

    def as_record(self, metric: str, meaning: str, reference: str | None) -> MetricByGroup:
        """Figures, the widest and the surest gaps, and those from the reference."""
        figures = {name: self._figure(group) for group, name in enumerate(self.names)}
        judged = [group for group, name in enumerate(self.names) if figures[name].judged]
        level = self._level(len(judged) * (len(judged) - 1) // 2)
        differences = [gap for pair in self._pairs(judged) for gap in self._difference(pair, level)]
        ratios = [gap for pair in self._pairs(judged) for gap in self._ratio(pair, level)]
        return MetricByGroup(
            metric=metric,
            meaning=meaning,
            figures=figures,
            difference=max(differences, key=lambda gap: gap.value, default=None),
            ratio=min(ratios, key=lambda gap: gap.value, default=None),
            surest_difference=max(differences, key=lambda gap: gap.interval.lower, default=None),
            surest_ratio=min(ratios, key=_upper_end, default=None),
            from_reference=tuple(self._from_reference(judged, reference)),
        )

    def _level(self, pairs: int) -> float:
        """At which the interval of one gap is taken, so that all hold together (Bonferroni)."""
        return 1 - (1 - self.declared.confidence) / (max(1, pairs) * self.limits)

    def _figure(self, group: int) -> GroupFigure:
        from math import isfinite

        rows, value = int(self.means.rows[group]), float(self.means.means[group])
        interval = self.means.interval(group, self.declared.confidence)
        enough = rows >= self.declared.min_group_rows and self.names[group] != OTHER
        return GroupFigure(
            rows=rows,
            value=value if isfinite(value) else None,
            interval=_interval(interval) if interval else None,
            judged=enough and interval is not None,
        )

    def _pairs(self, judged: list[int]) -> Iterator[tuple[int, int]]:
        """The group with the greater figure first."""
        means = self.means.means
        return (pair for pair in permutations(judged, 2) if _is_ordered(means, *pair))

    def _difference(self, pair: tuple[int, int], level: float) -> Iterator[Gap]:
        greater, lesser = pair
        ends = self.means.difference(greater, lesser, level)
        if ends is not None:
            value = float(self.means.means[greater] - self.means.means[lesser])
            yield self._gap(pair, value, ends)

    def _ratio(self, pair: tuple[int, int], level: float) -> Iterator[Gap]:
        greater, lesser = pair
        ends = self.means.ratio(lesser, greater, level)
        if ends is not None:
            value = float(self.means.means[lesser] / self.means.means[greater])
            yield self._gap(pair, value, ends)

    def _gap(self, pair: tuple[int, int], value: float, ends: Ends) -> Gap:
        greater, lesser = (self.names[group] for group in pair)
        return Gap(greater=greater, lesser=lesser, value=value, interval=_interval(ends))

    def _from_reference(self, judged: list[int], reference: str | None) -> Iterator[ReferenceGap]:
        if reference not in self.names or self.names.index(reference) not in judged:
            return
        against = self.names.index(reference)
        others, level = (
            [group for group in judged if group != against],
            self._level(len(judged) - 1),
        )
        means = self.means.means
        for group in others:
            difference = self.means.difference(group, against, level)
            ratio = self.means.ratio(group, against, level)
            if difference is not None:
                yield ReferenceGap(
                    group=self.names[group],
                    difference=float(means[group] - means[against]),
                    difference_interval=_interval(difference),
                    ratio=float(means[group] / means[against]) if ratio else None,
                    ratio_interval=_interval(ratio) if ratio else None,
                )


def _is_ordered(means: NDArray[np.float64], greater: int, lesser: int) -> bool:
    """Of two that are equal, the first group is the greater one."""
    first, second = float(means[greater]), float(means[lesser])
    return first > second or (first == second and greater < lesser)


def _upper_end(gap: Gap) -> float:
    return float("inf") if gap.interval.upper is None else gap.interval.upper


def _interval(ends: Ends) -> FigureInterval:
    return FigureInterval(lower=ends.lower, upper=ends.upper)
