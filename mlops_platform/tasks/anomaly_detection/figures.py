"""Figures of a detector: its p-values, and precision by recall where labels are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_platform.drawing import BLUE, GREY, STYLE, card_canvas, png_of
from mlops_platform.tasks.anomaly_detection.details import P_BINS, Details
from mlops_platform.tasks.binary_classification.curves import Curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figures_of(details: Mapping[str, Any]) -> dict[str, bytes]:
    """PNG bytes by name."""
    from matplotlib import rc_context

    read = Details.model_validate(details)
    with rc_context(STYLE):
        figures = {"p_values": png_of(_p_values(read))}
        if read.precision_recall is not None:
            figures["precision_recall"] = png_of(_precision_recall(read, read.precision_recall))
        return figures


def _p_values(details: Details) -> Figure:
    figure, axes = card_canvas(3.4)
    width = 1 / P_BINS
    lefts = [number * width for number in range(P_BINS)]
    axes.bar(lefts, details.p_values, width=width, align="edge", color=BLUE)
    axes.axhline(width, color=GREY, linestyle="--", label="promised")
    axes.set(xlim=(0, 1), xlabel="p-value", ylabel="share of rows")
    axes.set_title("p-values of rows that are not known to be anomalies")
    axes.legend(loc="upper right")
    return figure


def _precision_recall(details: Details, curve: Curve) -> Figure:
    figure, axes = card_canvas(3.6)
    axes.axhline(
        details.anomalies / details.labelled, color=GREY, linestyle="--", label="at random"
    )
    axes.plot(curve.x, curve.y, color=BLUE, label="model")
    axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    axes.set_title(f"{details.found:,} of {details.anomalies:,} anomalies have an alert")
    axes.legend(loc="upper right")
    return figure
