"""Trends over windows as PNG bytes, for the asset pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import nan
from typing import TYPE_CHECKING

from mlops_platform.drawing import BLUE, GREY, INK, ORANGE, RED, STYLE, new_figure, png_of
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH, MOST_DATES, LEGEND_COLUMNS = 110, 5, 3


def performance_trend(
    windows: Sequence[WindowPerformance], frozen: Sequence[WindowPerformance] = ()
) -> bytes:
    """Loss per window, served and of the baseline, against what the champion's test promises.

    Provisional windows are hollow; windows whose loss is not known are left out. Bars are the
    intervals of the loss, crosses what was estimated without labels, and a red line marks where
    the errors of a champion have changed.

    Args:
        frozen: the same windows as the first model would have predicted them, if to be compared.
    """
    from matplotlib import rc_context

    known = [window for window in windows if window.losses.loss is not None]
    starts = [window.start for window in known]
    days = [start.toordinal() for start in starts]
    ends = [window.end.toordinal() for window in known]
    served = [window.losses.loss or nan for window in known]
    baseline = [window.losses.baseline_loss or nan for window in known]
    promised = [window.losses.promised_loss or nan for window in known]
    with rc_context(STYLE):
        losses = known[-1].losses if known else LossFigures()
        title = f"{losses.name.capitalize()} per window (hollow: provisional)"
        figure, axes = _dated_axes(starts, title, losses.name)
        axes.plot(
            days, baseline, color=GREY, linestyle="--", marker=".", label=losses.baseline_name
        )
        axes.hlines(promised, days, ends, color=ORANGE, label="promised by the test")
        if frozen:
            axes.plot(
                [window.start.toordinal() for window in frozen],
                [window.losses.loss or nan for window in frozen],
                color=INK,
                linestyle="-.",
                linewidth=1,
                label="first model, frozen",
            )
        axes.plot(days, served, color=BLUE, label="served")
        _draw_estimates(axes, known)
        fill = [BLUE if window.mature else "white" for window in known]
        axes.scatter(days, served, color=fill, edgecolors=BLUE, zorder=3)
        _mark_versions(axes, known)
        return _finished(figure, axes)


def drift_trend(windows: Sequence[tuple[date, WindowDrift]]) -> bytes:
    """Share of drifted columns and of the importance they have, and the predictions' distance.

    Windows that alarm are filled.

    Args:
        windows: start and drift of each.
    """
    from matplotlib import rc_context

    starts = [start for start, _ in windows]
    days = [start.toordinal() for start in starts]
    lines = (
        ("drifted columns", BLUE, "o", [(it.share_of_columns, it.features) for _, it in windows]),
        ("predictions' distance", ORANGE, "s", [(it.prediction, it.scores) for _, it in windows]),
    )
    with rc_context(STYLE):
        figure, axes = _dated_axes(starts, "Drift per window (filled: alarm)", "share or distance")
        weights = [drift.importance_share for _, drift in windows]
        axes.plot(days, weights, color=GREY, linestyle="--", label="weighted by importance")
        for label, colour, marker, points in lines:
            values = [value for value, _ in points]
            fill = [colour if group.alarm else "white" for _, group in points]
            axes.plot(days, values, color=colour, label=label)
            axes.scatter(days, values, color=fill, edgecolors=colour, marker=marker, zorder=3)
        axes.set_ylim(-0.02, 1.02)
        return _finished(figure, axes)


def _draw_estimates(axes: Axes, windows: Sequence[WindowPerformance]) -> None:
    """Intervals, estimates and changes, as far as there are any."""
    for window in windows:
        interval = window.intervals.get("loss")
        if interval is not None:
            day = window.start.toordinal()
            axes.vlines(day, interval.lower, interval.upper, color=BLUE, linewidth=1, alpha=0.6)
    estimated = {
        window.start.toordinal(): window.losses.estimated_loss
        for window in windows
        if window.losses.estimated_loss is not None
    }
    if estimated:
        days, losses = list(estimated), list(estimated.values())
        axes.plot(days, losses, color=INK, linestyle="", marker="x", label="estimated")
    for since in {
        window.change.since for window in windows if window.change and window.change.since
    }:
        axes.axvline(since.toordinal(), color=RED, linewidth=1)


def _mark_versions(axes: Axes, windows: Sequence[WindowPerformance]) -> None:
    """A line and a name where another version begins to serve."""
    version = None
    for window in windows:
        if window.version != version:
            version = window.version
            axes.axvline(window.start.toordinal(), color=GREY, linestyle=":", linewidth=1)
            axes.annotate(
                f"v{version}",
                (window.start.toordinal(), 1),
                xycoords=("data", "axes fraction"),
                xytext=(3, -3),
                textcoords="offset points",
                va="top",
                color=INK,
            )


def _dated_axes(starts: Sequence[date], title: str, unit: str) -> tuple[Figure, Axes]:
    """Axes over days, labelled at some of the windows' starts."""
    figure = new_figure(3.4, DOTS_PER_INCH, layout=None)
    axes = figure.subplots()
    labelled = starts[:: -(-len(starts) // MOST_DATES) or 1]
    axes.set_xticks([start.toordinal() for start in labelled], [f"{start}" for start in labelled])
    axes.set_title(title)
    axes.set(xlabel="start of the window", ylabel=unit)
    return figure, axes


def _finished(figure: Figure, axes: Axes) -> bytes:
    """Margins are set by hand: to fit them would draw everything twice, at every window."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=LEGEND_COLUMNS)
    legend_rows = -(-len(labels) // LEGEND_COLUMNS)
    figure.subplots_adjust(left=0.11, right=0.98, top=0.91, bottom=0.18 + 0.07 * legend_rows)
    return png_of(figure)
