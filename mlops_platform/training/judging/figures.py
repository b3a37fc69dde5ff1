"""Figures of an evaluation as PNG bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.drawing import BLUE, GREY, ORANGE, STYLE, card_canvas, png_of
from mlops_platform.training.explaining.figures import dependence_figure, importance_figure
from mlops_platform.training.judging.evaluation import Evaluation
from mlops_platform.training.judging.fairness_figure import fairness_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mlops_platform.tasks import Task

MOST_BARS = 20


def figures_of(task: Task, evaluation: Evaluation) -> dict[str, bytes]:
    """Every figure by name: those of the task, importance, dependence, and subgroups.

    `dependence` is left out where no curve is known, `subgroups` where no subgroup is large enough
    to judge, `fairness` where no column is declared for it.
    """
    from matplotlib import rc_context

    with rc_context(STYLE):
        figures = {"importance": png_of(importance_figure(task, evaluation.importances))}
        if any(dependence.curves for dependence in evaluation.dependences):
            figures["dependence"] = png_of(dependence_figure(task, evaluation.dependences))
        if any(group.judged for group in evaluation.subgroups):
            figures["subgroups"] = png_of(_subgroups(task, evaluation))
        if evaluation.fairness is not None:
            figures["fairness"] = png_of(fairness_figure(evaluation.fairness))
    return {**task.figures(evaluation.metrics, evaluation.details), **figures}


def _subgroups(task: Task, evaluation: Evaluation) -> Figure:
    ratios = [
        (group.loss_ratio, f"{group.column} {group.value}")
        for group in evaluation.subgroups
        if group.judged and group.loss_ratio is not None
    ]
    worst = sorted(ratios, reverse=True)[:MOST_BARS][::-1]
    figure, axes = card_canvas(1.3 + 0.24 * len(worst))
    colours = [ORANGE if ratio > 1 else BLUE for ratio, _ in worst]
    axes.hlines(range(len(worst)), 1, [ratio for ratio, _ in worst], color=colours, linewidth=1.5)
    axes.scatter([ratio for ratio, _ in worst], range(len(worst)), color=colours, zorder=3)
    axes.axvline(1, color=GREY, linestyle="--")
    axes.set_yticks(range(len(worst)), [name for _, name in worst])
    name, baseline = task.loss_name, task.baseline_name
    axes.set_xlabel(f"{name} over that of the subgroup's own {baseline}\n(below 1 is better)")
    axes.set_title("Subgroups, worst first")
    return figure
