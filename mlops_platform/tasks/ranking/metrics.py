"""Metrics of an order of rows, each a mean over groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal

from mlops_platform.tasks.metric import Metric
from mlops_platform.tasks.ranking.group_figures import GroupFigures, figures_of_groups

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets

    FigureOf = Callable[[GroupFigures], Numbers]

Figure = Literal["ndcg", "precision", "recall"]
LOSS: Final = "ndcg_loss"
UNDEFINED: Final = float("nan")


def metrics_of(k: int) -> Mapping[str, Metric]:
    """Every metric by name; those of the first rows are of `k` of them."""
    return {
        LOSS: Metric(
            "1 minus the NDCG of the first k, a mean over groups; lower is better",
            greater_is_better=False,
            compute=partial(_loss, k=k),
            row_values=partial(_row_losses, k=k),
            tunes=True,
            headline=True,
            defined_for_any_targets=True,
        ),
        "ndcg": _metric("gain of the first k over that of the best order", k, "ndcg", tunes=True),
        "precision_at_k": _metric("share of the first k that is relevant", k, "precision"),
        "recall_at_k": _metric("share of the relevant rows among the first k", k, "recall"),
        "lift_at_k": Metric(
            "precision of the first k over that of an order at random",
            greater_is_better=True,
            compute=partial(_lift, k=k),
            tunes=True,
            headline=True,
            by_subgroup=True,
        ),
    }


def _metric(meaning: str, k: int, figure: Figure, tunes: bool = False) -> Metric:
    return Metric(
        f"{meaning}, a mean over groups",
        greater_is_better=True,
        compute=partial(_mean, k=k, figure=attrgetter(figure)),
        row_values=partial(_row_values, k=k, figure=attrgetter(figure)),
        tunes=tunes,
        headline=True,
    )


def _mean(targets: Targets, predictions: Predictions, k: int, figure: FigureOf) -> float:
    figures = figures_of_groups(targets, predictions, k)
    return figures.mean_of(figure(figures))


def _row_values(targets: Targets, predictions: Predictions, k: int, figure: FigureOf) -> Numbers:
    figures = figures_of_groups(targets, predictions, k)
    return figures.spread(figure(figures), predictions, UNDEFINED)


def _loss(targets: Targets, predictions: Predictions, k: int) -> float:
    """0 where no group can be judged: nothing was put in a wrong order."""
    figures = figures_of_groups(targets, predictions, k)
    return figures.mean_of(_lost(figures)) if figures.is_judged.any() else 0.0


def _row_losses(targets: Targets, predictions: Predictions, k: int) -> Numbers:
    figures = figures_of_groups(targets, predictions, k)
    return figures.spread(_lost(figures), predictions, 0.0)


def _lost(figures: GroupFigures) -> Numbers:
    import numpy as np

    # Of the best order rounding may leave less than nothing.
    lost: Numbers = np.maximum(1 - figures.ndcg, 0.0)
    return lost


def _lift(targets: Targets, predictions: Predictions, k: int) -> float:
    figures = figures_of_groups(targets, predictions, k)
    if not figures.is_judged.any():
        return UNDEFINED
    return figures.mean_of(figures.precision) / figures.mean_of(figures.relevant)
