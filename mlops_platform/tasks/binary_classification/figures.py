"""Figures of a binary classifier: calibration, curves, confusion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_platform.drawing import (
    BLUE,
    CARD_DOTS_PER_INCH,
    GREY,
    ORANGE,
    STYLE,
    card_canvas,
    new_figure,
    png_of,
)
from mlops_platform.tasks.binary_classification.details import Details
from mlops_platform.tasks.binary_classification.targeting_details import TargetingDetails

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG bytes by name."""
    from matplotlib import rc_context

    read = Details.model_validate(details)
    with rc_context(STYLE):
        figures = {
            "calibration": _calibration(read, metrics["expected_calibration_error"]),
            "curves": _curves(read, metrics["roc_auc"], metrics["average_precision"]),
            "confusion": _confusion(read),
        }
        if read.targeting is not None:
            figures["targeting"] = _targeting(read.targeting, read.positive_rate)
        return {name: png_of(figure) for name, figure in figures.items()}


def _calibration(details: Details, error: float) -> Figure:
    figure, axes = card_canvas(4.2)
    predicted = [point.predicted for point in details.calibration]
    observed = [point.observed for point in details.calibration]
    end = min(1.0, 1.08 * max(predicted + observed))
    axes.plot([0, end], [0, end], color=GREY, linestyle="--", label="perfectly calibrated")
    axes.plot(predicted, observed, color=BLUE, marker="o", label="model")
    axes.set(xlim=(0, end), ylim=(0, end), xlabel="mean predicted probability")
    axes.set_ylabel("share of positives")
    axes.set_title(f"Calibration: expected error {error:.3f}, bins of equal size")
    axes.legend(loc="upper left")
    return figure


def _curves(details: Details, area: float, average_precision: float) -> Figure:
    figure = new_figure(3.4, CARD_DOTS_PER_INCH)
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="chance")
    left.plot(details.roc.x, details.roc.y, color=BLUE, label="model")
    left.set(xlabel="false positive rate", ylabel="true positive rate")
    left.set_title(f"ROC: area {area:.3f}")
    left.legend(loc="lower right")
    right.axhline(details.positive_rate, color=GREY, linestyle="--")
    right.plot(details.precision_recall.x, details.precision_recall.y, color=BLUE)
    right.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    right.set_title(f"Average precision {average_precision:.3f}")
    return figure


def _confusion(details: Details) -> Figure:
    figure, axes = card_canvas(3.6)
    confusion = details.confusion
    counts = [
        [confusion.true_negatives, confusion.false_positives],
        [confusion.false_negatives, confusion.true_positives],
    ]
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=1.6 * max(map(max, counts)), aspect="auto")
    for row, actual in enumerate(counts):
        for column, count in enumerate(actual):
            text = f"{count:,}\n{count / details.rows:.1%}"
            axes.text(column, row, text, ha="center", va="center", fontsize=12)
    axes.grid(False)
    axes.set_xticks([0, 1], ["decided negative", "decided positive"])
    axes.set_yticks([0, 1], ["was negative", "was positive"], rotation=90, va="center")
    axes.set_title(f"Decisions at threshold {details.threshold:.3f}")
    return figure


def _targeting(details: TargetingDetails, positive_rate: float) -> Figure:
    figure = new_figure(3.4, CARD_DOTS_PER_INCH)
    left, right = figure.subplots(1, 2)
    share = details.declared.share
    left.plot([0, 1], [0, 1], color=GREY, linestyle="--", label="chance")
    left.plot([0, positive_rate, 1], [0, 1, 1], color=GREY, linestyle=":", label="perfect")
    left.plot(details.shares, details.gains, color=BLUE, label="model")
    left.set(xlabel="share acted on", ylabel="share of positives found", ylim=(0, 1.02))
    left.set_title(f"Gain: {details.declared.gain:.0%} of the positives")
    if details.profits:
        right.plot(details.shares, details.profits, color=BLUE)
        right.axhline(0, color=GREY, linestyle="--")
        right.set_ylabel("profit")
        right.set_title(f"Profit: {details.declared.profit:,.4g}")
    else:
        depths = details.tenths
        right.plot([d.share for d in depths], [d.lift for d in depths], color=BLUE, marker="o")
        right.axhline(1, color=GREY, linestyle="--")
        right.set_ylabel("lift")
        right.set_title(f"Lift: {details.declared.lift:.2f}")
    right.set(xlabel="share acted on", xlim=(0, 1))
    for axes in (left, right):
        axes.axvline(share, color=ORANGE, label=f"declared: {share:.1%}")
    left.legend(loc="lower right")
    return figure
