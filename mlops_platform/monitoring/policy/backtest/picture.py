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
        _line(
            axes,
            [outcome for outcome in outcomes if outcome.in_hindsight],
            ORANGE,
            "best in hindsight",
        )
        ungated = [
            outcome for outcome in outcomes if not outcome.gated and not outcome.in_hindsight
        ]
        _line(
            axes, [outcome for outcome in ungated if _by_calendar(outcome)], GREY, "by the calendar"
        )
        for outcome in outcomes:
            if not outcome.in_hindsight and not _by_calendar(outcome):
                _point(axes, outcome)
        axes.set_title("Benefit of retraining (hollow: with the gate)")
        axes.set_xlabel("fits")
        axes.set_ylabel("share of the weekly benefit")
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.legend(loc="lower right")
        return png_of(figure)


def _by_calendar(outcome: PolicyOutcome) -> bool:
    return outcome.policy.startswith(CALENDAR)


def _line(axes: Axes, outcomes: Sequence[PolicyOutcome], colour: str, label: str) -> None:
    ordered = sorted(outcomes, key=lambda outcome: outcome.fits)
    axes.plot(
        [outcome.fits for outcome in ordered],
        [outcome.share_of_weekly.value for outcome in ordered],
        color=colour,
        marker=".",
        label=label,
    )


def _point(axes: Axes, outcome: PolicyOutcome) -> None:
    at = (outcome.fits, outcome.share_of_weekly.value)
    axes.scatter(*at, color="white" if outcome.gated else BLUE, edgecolors=BLUE, zorder=3)
    if not outcome.gated:
        axes.annotate(outcome.policy, at, (4, 4), textcoords="offset points", fontsize=8, color=INK)
