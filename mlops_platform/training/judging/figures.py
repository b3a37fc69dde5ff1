"""Figures of an evaluation as PNG bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.drawing import BLUE, GREY, INK, ORANGE, STYLE, new_figure, png_of
from mlops_platform.training.judging.evaluation import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 150
MOST_BARS = 20


def figures_of(evaluation: Evaluation) -> dict[str, bytes]:
    """Every figure by name: calibration, curves, confusion, subgroups, importance.

    `subgroups` is left out where no subgroup is large enough to judge.
    """
    from matplotlib import rc_context

    with rc_context(STYLE):
        figures = {
            "calibration": _calibration(evaluation),
            "curves": _curves(evaluation),
            "confusion": _confusion(evaluation),
            "importance": _importance(evaluation),
        }
        if any(group.judged for group in evaluation.subgroups):
            figures["subgroups"] = _subgroups(evaluation)
        return {name: png_of(figure) for name, figure in figures.items()}


def _calibration(evaluation: Evaluation) -> Figure:
    figure, axes = _canvas(4.2)
    predicted = [point.predicted for point in evaluation.calibration]
    observed = [point.observed for point in evaluation.calibration]
    end = min(1.0, 1.08 * max(predicted + observed))
    axes.plot([0, end], [0, end], color=GREY, linestyle="--", label="perfectly calibrated")
    axes.plot(predicted, observed, color=BLUE, marker="o", label="model")
    axes.set(xlim=(0, end), ylim=(0, end), xlabel="mean predicted probability")
    axes.set_ylabel("share of positives")
    error = evaluation.metrics.expected_calibration_error
    axes.set_title(f"Calibration: expected error {error:.3f}, bins of equal size")
    axes.legend(loc="upper left")
    return figure


def _curves(evaluation: Evaluation) -> Figure:
    figure = _figure(3.4)
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="chance")
    left.plot(evaluation.roc.x, evaluation.roc.y, color=BLUE, label="model")
    left.set(xlabel="false positive rate", ylabel="true positive rate")
    left.set_title(f"ROC: area {evaluation.metrics.roc_auc:.3f}")
    left.legend(loc="lower right")
    right.axhline(evaluation.positive_rate, color=GREY, linestyle="--")
    right.plot(evaluation.precision_recall.x, evaluation.precision_recall.y, color=BLUE)
    right.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    right.set_title(f"Average precision {evaluation.metrics.average_precision:.3f}")
    return figure


def _confusion(evaluation: Evaluation) -> Figure:
    figure, axes = _canvas(3.6)
    confusion = evaluation.confusion
    counts = [
        [confusion.true_negatives, confusion.false_positives],
        [confusion.false_negatives, confusion.true_positives],
    ]
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=1.6 * max(map(max, counts)), aspect="auto")
    for row, actual in enumerate(counts):
        for column, count in enumerate(actual):
            text = f"{count:,}\n{count / evaluation.rows:.1%}"
            axes.text(column, row, text, ha="center", va="center", fontsize=12)
    axes.grid(False)
    axes.set_xticks([0, 1], ["decided negative", "decided positive"])
    axes.set_yticks([0, 1], ["was negative", "was positive"], rotation=90, va="center")
    axes.set_title(f"Decisions at threshold {evaluation.threshold:.3f}")
    return figure


def _subgroups(evaluation: Evaluation) -> Figure:
    ratios = [
        (group.log_loss_ratio, f"{group.column} {group.value}")
        for group in evaluation.subgroups
        if group.judged and group.log_loss_ratio is not None
    ]
    worst = sorted(ratios, reverse=True)[:MOST_BARS][::-1]
    figure, axes = _canvas(1.1 + 0.24 * len(worst))
    colours = [ORANGE if ratio > 1 else BLUE for ratio, _ in worst]
    axes.hlines(range(len(worst)), 1, [ratio for ratio, _ in worst], color=colours, linewidth=1.5)
    axes.scatter([ratio for ratio, _ in worst], range(len(worst)), color=colours, zorder=3)
    axes.axvline(1, color=GREY, linestyle="--")
    axes.set_yticks(range(len(worst)), [name for _, name in worst])
    axes.set_xlabel("log loss / log loss of the subgroup's own base rate (below 1 is better)")
    axes.set_title("Subgroups, worst first")
    return figure


def _importance(evaluation: Evaluation) -> Figure:
    shown = evaluation.importances[:MOST_BARS][::-1]
    figure, axes = _canvas(1.1 + 0.24 * len(shown))
    axes.barh(
        [importance.feature for importance in shown],
        [importance.mean for importance in shown],
        xerr=[importance.standard_deviation for importance in shown],
        color=BLUE,
        ecolor=INK,
        height=0.65,
    )
    axes.set_xlabel("rise of the log loss when the column is shuffled")
    axes.set_title("Permutation importance")
    return figure


def _canvas(height: float) -> tuple[Figure, Axes]:
    figure = _figure(height)
    return figure, figure.subplots()


def _figure(height: float) -> Figure:
    return new_figure(height, DOTS_PER_INCH)
