"""What an evaluation tells of who is acted on first, by how many of the rows that are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.record import Record
from mlops_platform.tasks.binary_classification.columns import SCORE
from mlops_platform.tasks.binary_classification.targeting import Ranked, ranked
from mlops_platform.tasks.detail_table import DetailTable

if TYPE_CHECKING:
    from mlops_platform.tasks.binary_classification.metrics import Labels
    from mlops_platform.tasks.binary_classification.targeting import Targeting
    from mlops_platform.tasks.predictions import Predictions

TENTHS: Final = 10
POINTS: Final = 100
"""Of the curves, beside their start."""


class Depth(Record):
    """What acting on the rows of the highest probabilities would have brought.

    Args:
        share, rows: of all rows, by their weights.
        gain: share of all positives among them.
        lift: how much more frequent positives are among them than among all.
        stated: mean probability among them.
        observed: share of positives among them.
        profit: None where the YAML states no benefit.
    """

    share: float
    rows: float
    gain: float
    lift: float
    stated: float
    observed: float
    profit: float | None = None


class TargetingDetails(Record):
    """By depth.

    Args:
        declared: what the YAML's limit allows.
        tenths: a tenth of the rows, two, ..., all.
        most_profitable: None where the YAML states no benefit, or to act on nobody brings more.
        shares, gains: of the curve, from nobody to everybody.
        profits: likewise; empty where the YAML states no benefit.
    """

    declared: Depth
    tenths: tuple[Depth, ...]
    most_profitable: Depth | None = None
    shares: tuple[float, ...]
    gains: tuple[float, ...]
    profits: tuple[float, ...] = ()


def targeting_details_of(
    labels: Labels, predictions: Predictions, targeting: Targeting
) -> TargetingDetails:
    """Measure it on rows of both classes."""
    import numpy as np

    order = ranked(labels, predictions[SCORE], predictions.weights)
    shares = np.linspace(0, 1, POINTS + 1)
    positives = order.positives_of(shares * order.all_rows)
    profits: tuple[float, ...] = ()
    most_profitable = None
    if targeting.benefit is not None:
        profits = tuple(np.asarray(targeting.profit(shares * order.all_rows, positives)).tolist())
        # Between two steps profit is linear, so that no other number of rows brings more.
        by_step = np.asarray(targeting.profit(order.rows[1:], order.positives[1:]))
        if by_step.max() > 0:
            most_profitable = _depth(order, float(order.rows[1 + by_step.argmax()]), targeting)
    return TargetingDetails(
        declared=_depth(order, targeting.affordable(order.all_rows), targeting),
        tenths=tuple(
            _depth(order, order.all_rows * tenth / TENTHS, targeting)
            for tenth in range(1, TENTHS + 1)
        ),
        most_profitable=most_profitable,
        shares=tuple(shares.tolist()),
        gains=tuple((positives / order.positives[-1]).tolist()),
        profits=profits,
    )


def _depth(order: Ranked, rows: float, targeting: Targeting) -> Depth:
    acted_on = order.first(rows)
    has_profit = targeting.benefit is not None
    return Depth(
        share=rows / order.all_rows,
        rows=rows,
        gain=acted_on.gain,
        lift=acted_on.lift,
        stated=acted_on.stated / rows,
        observed=acted_on.precision,
        profit=float(targeting.profit(rows, acted_on.positives)) if has_profit else None,
    )


def targeting_table(details: TargetingDetails) -> DetailTable:
    """Lift, gain and profit by depth."""
    depths = {f"{tenth.share:.0%}": tenth for tenth in details.tenths}
    depths = {f"declared: {details.declared.share:.1%}": details.declared, **depths}
    if details.most_profitable is not None:
        share = details.most_profitable.share
        depths = {f"greatest profit: {share:.1%}": details.most_profitable, **depths}
    columns = ("acted on", "rows", "positives found", "lift", "mean probability", "positive")
    has_profit = details.declared.profit is not None
    nobody = ": to act on nobody costs least" if has_profit and not details.most_profitable else ""
    return DetailTable(
        title=f"Who is acted on first{nobody}",
        columns=(*columns, "profit") if has_profit else columns,
        rows=tuple(
            (name, *_cells(depth))
            for name, depth in sorted(depths.items(), key=lambda named: named[1].share)
        ),
    )


def _cells(depth: Depth) -> tuple[float | int, ...]:
    cells = (round(depth.rows), depth.gain, depth.lift, depth.stated, depth.observed)
    return cells if depth.profit is None else (*cells, depth.profit)
