"""The outcome of a backtest as a picture: what a number of fits buys under every policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.drawing import BLUE, GREY, INK, ORANGE, STYLE, new_figure, png_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome

HEIGHT, DOTS_PER_INCH = 3.6, 110
CALENDAR = ("never", "every")
"""Beginnings of the names of the policies that go by the calendar."""


def benefit_by_fits(outcomes: Sequence[PolicyOutcome]) -> bytes:
    """Share of the weekly benefit against the number of fits, for the policies of one history.

    Ungated ones are filled, gated ones hollow.
    """
    from matplotlib import rc_context

    with rc_context(STYLE):
        figure = new_figure(HEIGHT, DOTS_PER_INCH)
        axes = figure.subplots()
        _line(axes, [one for one in outcomes if one.in_hindsight], ORANGE, "best in hindsight")
        ungated = [one for one in outcomes if not one.gated and not one.in_hindsight]
        _line(axes, [one for one in ungated if _by_calendar(one)], GREY, "by the calendar")
        for one in outcomes:
            if not one.in_hindsight and not _by_calendar(one):
                _point(axes, one)
        axes.set_title("Benefit of retraining (hollow: with the gate)")
        axes.set_xlabel("fits")
        axes.set_ylabel("share of the weekly benefit")
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.legend(loc="lower right")
        return png_of(figure)


def _by_calendar(one: PolicyOutcome) -> bool:
    return one.policy.startswith(CALENDAR)


def _line(axes: Axes, outcomes: Sequence[PolicyOutcome], colour: str, label: str) -> None:
    ordered = sorted(outcomes, key=lambda one: one.fits)
    axes.plot(
        [one.fits for one in ordered],
        [one.share_of_weekly.value for one in ordered],
        color=colour,
        marker=".",
        label=label,
    )


def _point(axes: Axes, one: PolicyOutcome) -> None:
    at = (one.fits, one.share_of_weekly.value)
    axes.scatter(*at, color="white" if one.gated else BLUE, edgecolors=BLUE, zorder=3)
    if not one.gated:
        axes.annotate(one.policy, at, (4, 4), textcoords="offset points", fontsize=8, color=INK)
