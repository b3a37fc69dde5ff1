"""Figures of single subgroups that the gate limits, each with how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.fairness.group_means import GroupMeans, metric_means
from mlops_platform.fairness.groups import groups_of
from mlops_platform.formats.digits import digits
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec, SubgroupLimitSpec
from mlops_platform.tasks import DetailTable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.tasks import Predictions
    from mlops_platform.tasks.predictions import Targets

CONFIDENCE: Final = 0.95
"""One-sided, of all figures of a candidate together."""
MOST_TOLD: Final = 6


class LimitedFigure(Record):
    """A figure of the rows that share a value of a column.

    Attributes:
        rows: that count for it.
        figure: None where none does.
        lower, upper: what it surely is at least and at most, all such figures together; None where
            it is not judged, for too few rows or days.
    """

    column: str
    value: str
    metric: str
    rows: int
    figure: float | None
    lower: float | None = None
    upper: float | None = None

    @property
    def name(self) -> str:
        """Whose figure it is, in words."""
        return f"{self.metric.replace('_', ' ')} of {self.column} {self.value}"


class JudgedFigure(NamedTuple):
    """A figure that was held to a bound.

    Args:
        passed: False where it surely is beyond.
        room: how far it is within the bound, which is 0; negative beyond.
        bound: in words.
    """

    figure: LimitedFigure
    passed: bool
    room: float
    limit: float
    bound: str


def limited_figures(
    spec: ModelSpec,
    rows: DataFrame,
    targets: Targets,
    predictions: Predictions,
    units: NDArray[Any],
) -> tuple[LimitedFigure, ...]:
    """Every figure that `gate.subgroup_limits` names, of every value of each column.

    Args:
        units: the day, group or handful of each row, shape (rows,).
    """
    measured = []
    for metric, limit in spec.gate.subgroup_limits.items():
        for column in filter(limit.holds_for, spec.evaluation.subgroups):
            groups = groups_of(spec.features, column, rows[column])
            of_rows = spec.task.group_metrics[metric]
            means = metric_means(of_rows, groups, targets, predictions, units)
            measured.append((metric, column, groups.names, means))
    fewest = spec.evaluation.min_subgroup_rows
    bounds = {name: limit.bounds for name, limit in spec.gate.subgroup_limits.items()}
    judged = sum(
        bounds[metric] * int((means.rows >= fewest).sum()) for metric, _, _, means in measured
    )
    level = 1 - 2 * (1 - CONFIDENCE) / max(1, judged)
    return tuple(
        _figure(metric, column, name, means, (group, level, fewest))
        for metric, column, names, means in measured
        for group, name in enumerate(names)
    )


def _figure(
    metric: str, column: str, name: str, means: GroupMeans, at: tuple[int, float, int]
) -> LimitedFigure:
    from math import isfinite

    group, level, fewest = at
    rows, figure = int(means.rows[group]), float(means.means[group])
    ends = means.interval(group, level) if rows >= fewest else None
    return LimitedFigure(
        column=column,
        value=name,
        metric=metric,
        rows=rows,
        figure=figure if isfinite(figure) else None,
        lower=ends.lower if ends else None,
        upper=ends.upper if ends else None,
    )


def judged_figures(
    figures: Sequence[LimitedFigure], limits: Mapping[str, SubgroupLimitSpec]
) -> tuple[JudgedFigure, ...]:
    """Those that are large enough: what is missed first, then what is closest to its bound."""
    judged = [
        each
        for figure in figures
        if figure.metric in limits and figure.figure is not None
        for each in _of_figure(figure, limits[figure.metric])
    ]
    return tuple(sorted(judged, key=lambda each: (each.passed, each.room)))


def _of_figure(figure: LimitedFigure, limit: SubgroupLimitSpec) -> Iterator[JudgedFigure]:
    value, lower, upper = figure.figure, figure.lower, figure.upper
    assert value is not None  # it was asked for
    if lower is None or upper is None:
        return
    if limit.min is not None:
        text = f"surely at most {digits(upper)}, and must be at least {limit.min:g}"
        yield JudgedFigure(figure, upper >= limit.min, value - limit.min, limit.min, text)
    if limit.max is not None:
        text = f"surely at least {digits(lower)}, and must be at most {limit.max:g}"
        yield JudgedFigure(figure, lower <= limit.max, limit.max - value, limit.max, text)


def judged_text(judged: Sequence[JudgedFigure], fewest: int) -> str:
    """What was found, as a clause."""
    if not judged:
        return f"no subgroup has the {fewest} rows on three days that its figures are judged by"
    missed = [each for each in judged if not each.passed]
    told = "; ".join(
        f"{each.figure.name} ({each.figure.rows:,} rows) is {digits(each.figure.figure or 0.0)}, "
        f"{each.bound}"
        for each in (missed or judged[:1])[:MOST_TOLD]
    )
    if missed:
        more = len(missed) - MOST_TOLD
        return f"{told}; and {more} more" if more > 0 else told
    return f"none of {len(judged)} figures surely is beyond its limit; the closest: {told}"


def limited_table(figures: Sequence[LimitedFigure]) -> DetailTable:
    """For the card; "-" where nothing is known."""
    unknown = "-"
    return DetailTable(
        title="Figures of subgroups that the gate limits",
        columns=("column", "value", "figure", "rows", "is", "surely at least", "surely at most"),
        rows=tuple(
            (
                each.column,
                each.value,
                each.metric.replace("_", " "),
                each.rows,
                *(unknown if number is None else number for number in (each.figure, each.lower)),
                unknown if each.upper is None else each.upper,
            )
            for each in figures
        ),
    )
