"""Figures of importances and of partial dependence, to be drawn within `drawing.STYLE`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mlops_platform.drawing import (
    BLUE,
    CARD_DOTS_PER_INCH,
    GREY,
    INK,
    ORANGE,
    RED,
    card_canvas,
    new_figure,
)
from mlops_platform.training.explaining.dependence import DependenceCurve, PartialDependence
from mlops_platform.training.explaining.importance import Importance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from mlops_platform.tasks import Task

MOST_BARS: Final = 20
MOST_CATEGORIES: Final = 8
"""Drawn along one curve; the table has all of them."""
MOST_LETTERS: Final = 9
COLOURS: Final = (BLUE, ORANGE, RED)
"""Of the outputs that are drawn: of more the table tells."""


def importance_figure(task: Task, importances: Sequence[Importance]) -> Figure:
    """The largest importances as bars, with their intervals; grey is not surely above zero."""
    shown = importances[:MOST_BARS][::-1]
    figure, axes = card_canvas(1.1 + 0.24 * len(shown))
    axes.barh(
        [importance.feature for importance in shown],
        [importance.mean for importance in shown],
        xerr=[_error(importance) for importance in shown],
        color=[GREY if importance.is_sure is False else BLUE for importance in shown],
        ecolor=INK,
        height=0.65,
    )
    axes.set_xlabel(f"rise of the {task.loss_name} when shuffled")
    axes.set_title("Permutation importance")
    return figure


def dependence_figure(task: Task, dependences: Sequence[PartialDependence]) -> Figure:
    """Curves of the leading features, with what the rows have of each below them.

    Of many outputs those that depend most on some feature.
    """
    shown = [dependence for dependence in dependences if dependence.curves]
    lines = (len(shown) + 1) // 2
    figure = new_figure(0.4 + 2.15 * lines, CARD_DOTS_PER_INCH)
    cells = figure.subplots(lines, 2, squeeze=False, sharey=True).ravel()
    outputs, drawn = {output.name: output for output in task.outputs}, _drawn_outputs(shown)
    for axes, dependence in zip(cells, shown, strict=False):
        _draw(axes, dependence, drawn)
    for position, axes in enumerate(cells[: len(shown)]):
        curves = shown[position].curves
        if position % 2 == 0 and len(curves) == 1:
            axes.set_ylabel(outputs[curves[0].output].words)
    for axes in cells[len(shown) :]:
        axes.set_visible(False)
    if len(drawn) > 1:
        count = len(task.dependent_outputs)
        title = f"the {len(drawn)} of {count} that move most" if len(drawn) < count else None
        cells[0].legend(fontsize=7, title=title, title_fontsize=7)
    return figure


def _drawn_outputs(dependences: Sequence[PartialDependence]) -> dict[str, str]:
    """Colours by output, in the order of the curves."""
    reach: dict[str, float] = {}
    for dependence in dependences:
        for curve in dependence.curves:
            reach[curve.output] = max(reach.get(curve.output, 0.0), curve.reach)
    furthest = sorted(reach, key=lambda output: -reach[output])[: len(COLOURS)]
    return dict(zip((output for output in reach if output in furthest), COLOURS, strict=False))


def _error(importance: Importance) -> float:
    """Half the interval; between shuffles where there is none."""
    if importance.upper is None:
        return importance.standard_deviation
    return importance.upper - importance.mean


def _draw(axes: Axes, dependence: PartialDependence, colours: Mapping[str, str]) -> None:
    is_curve = dependence.kind == "numeric"
    count = len(dependence.values) if is_curve else min(len(dependence.values), MOST_CATEGORIES)
    numbers = [float(value) for value in dependence.values] if is_curve else list(range(count))
    for curve in dependence.curves:
        colour = colours.get(curve.output)
        if colour is None:
            continue
        if is_curve:
            axes.fill_between(numbers, curve.lower, curve.upper, color=colour, alpha=0.18, lw=0)
            axes.plot(numbers, curve.mean, color=colour, label=curve.words or curve.output)
        else:
            _draw_points(axes, curve, count, colour)
        if curve.at_missing is not None:
            axes.axhline(curve.at_missing, color=colour, linestyle=":", linewidth=1.2)
    if not is_curve:
        axes.set_xticks(numbers, [_cut(dependence.shown(v)) for v in dependence.values[:count]])
        axes.tick_params(axis="x", labelsize=7, labelrotation=0 if count < 5 else 45)
    _draw_shares(axes, dependence, count)
    axes.set_title(dependence.feature, fontsize=9)
    axes.tick_params(labelsize=8)


def _draw_points(axes: Axes, curve: DependenceCurve, count: int, colour: str) -> None:
    axes.vlines(
        range(count), curve.lower[:count], curve.upper[:count], color=colour, alpha=0.3, linewidth=5
    )
    label = curve.words or curve.output
    axes.plot(range(count), curve.mean[:count], "o", color=colour, markersize=4, label=label)


def _draw_shares(axes: Axes, dependence: PartialDependence, count: int) -> None:
    """The shares of the rows as bars that take the lowest fifth."""
    below = axes.twinx()
    if dependence.kind == "numeric":
        first, last = float(dependence.values[0]), float(dependence.values[-1])
        width = (last - first) / len(dependence.shares)
        starts = [first + width * at for at in range(len(dependence.shares))]
        below.bar(starts, dependence.shares, width, align="edge", color=GREY, alpha=0.35)
    else:
        below.bar(range(count), dependence.shares[:count], 0.8, color=GREY, alpha=0.35)
    below.set_ylim(0, 5 * max(dependence.shares))
    below.set_axis_off()


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
