"""The figure of fairness: every figure of every group with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.drawing import BLUE, CARD_DOTS_PER_INCH, GREY, new_figure
from mlops_platform.fairness.record import ColumnFairness, Fairness, MetricByGroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS: Final = 2
"""Beside each other."""


def fairness_figure(measured: Fairness) -> Figure:
    """A panel per figure of the task; groups below each other, grey where they are too small."""
    names = [metric.metric for metric in measured.columns[0].metrics]
    groups = sum(len(column.groups) for column in measured.columns)
    deep = -(-len(names) // PANELS)
    figure = new_figure(deep * (0.9 + 0.26 * groups), CARD_DOTS_PER_INCH)
    panels = figure.subplots(deep, PANELS, sharey=True, squeeze=False)
    for axes in panels.flat[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(panels.flat, names, strict=False):
        _panel(axes, name, measured)
    return figure


def _panel(axes: Axes, name: str, measured: Fairness) -> None:
    labels: list[str] = []
    for column in measured.columns:
        metric = column.metric(name)
        assert metric is not None  # every column has the same figures
        _groups(axes, column, metric, below=len(labels))
        labels += [f"{column.column} {group}" for group in column.groups]
    axes.set_yticks([-at for at in range(len(labels))], labels)
    axes.set_title(name.replace("_", " "))


def _groups(axes: Axes, column: ColumnFairness, metric: MetricByGroup, below: int) -> None:
    for at, group in enumerate(column.groups, below):
        figure = metric.figures[group]
        if figure.value is None:
            continue
        colour = BLUE if figure.judged else GREY
        if figure.interval is not None:
            upper = figure.interval.upper
            end = figure.value if upper is None else upper
            axes.hlines(-at, figure.interval.lower, end, color=colour, linewidth=1.5)
        axes.scatter([figure.value], [-at], color=colour, zorder=3, s=18)
