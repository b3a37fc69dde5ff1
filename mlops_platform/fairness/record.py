"""Records of what was measured by group."""

from pydantic import Field

from mlops_platform.record import Record


class FigureInterval(Record):
    """Where a figure lies with the confidence of its record; `upper` is None where it has no end.

    Those of single groups hold one by one. Those of gaps hold together, over all pairs of groups
    and all limits.
    """

    lower: float
    upper: float | None


class GroupFigure(Record):
    """One figure of one group.

    Args:
        rows: that count for the figure.
        value: None where there is no such row.
        interval: None where nothing is known of how days (groups, rows) differ.
        judged: enough rows to be compared.
    """

    rows: int
    value: float | None
    interval: FigureInterval | None
    judged: bool


class Gap(Record):
    """Between two groups: the greater figure minus the lesser, or the lesser over the greater."""

    greater: str
    lesser: str
    value: float
    interval: FigureInterval


class ReferenceGap(Record):
    """A group against the reference: its figure minus that, and over that where ratios mean it."""

    group: str
    difference: float
    difference_interval: FigureInterval
    ratio: float | None
    ratio_interval: FigureInterval | None


class MetricByGroup(Record):
    """One figure in all groups of a column.

    Args:
        difference, ratio: between the groups with the greatest and the least figure of those that
            are judged; None with fewer than two of them, or where no ratio can be had.
        surest_difference, surest_ratio: between the two groups of which it is surest that they
            differ: limits are judged by these, since the extremes may be the least sure.
        from_reference: each other judged group against the declared one.
    """

    metric: str
    meaning: str
    figures: dict[str, GroupFigure]
    difference: Gap | None = None
    ratio: Gap | None = None
    surest_difference: Gap | None = None
    surest_ratio: Gap | None = None
    from_reference: tuple[ReferenceGap, ...] = ()


class ColumnFairness(Record):
    """All figures by the values of one column, or of two that are crossed.

    Args:
        groups: rows by group, the largest first.
        reference: the declared group; None where there is none.
    """

    column: str
    groups: dict[str, int]
    reference: str | None
    metrics: tuple[MetricByGroup, ...]

    def metric(self, name: str) -> MetricByGroup | None:
        """Of one name."""
        return next((metric for metric in self.metrics if metric.metric == name), None)


class Fairness(Record):
    """What was measured by group on some rows."""

    confidence: float
    min_group_rows: int
    columns: tuple[ColumnFairness, ...]
    intersections: tuple[ColumnFairness, ...] = Field(default=(), exclude_if=lambda of: not of)
