"""What an evaluation tells of a ranking alone: what is found by looking farther down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.record import Record
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.predictions import Predictions
from mlops_platform.tasks.ranking.columns import RULE, SCORE
from mlops_platform.tasks.ranking.group_figures import GroupFigures, figures_of_groups

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Targets

FARTHEST: Final = 20
"""Rows of a group that are looked at, at most."""


class OrderFigures(Record):
    """Of one order of the rows, when so many of each group are looked at."""

    ndcg: float
    precision: float
    recall: float


class PlaceFigures(Record):
    """What comes of looking at so many rows of each group.

    Args:
        at_random: precision of an order at random.
    """

    k: int
    model: OrderFigures
    rule: OrderFigures
    at_random: float


class Details(Record):
    """Of the test rows.

    Args:
        judged: groups whose rows are not all equally relevant.
        places: for every number of rows up to twice `k`; empty where no group is judged.
    """

    k: int
    rows: int
    groups: int
    judged: int
    largest: int
    places: tuple[PlaceFigures, ...]


def details_of(targets: Targets, predictions: Predictions, k: int) -> Details:
    """Measure them."""
    by_rule = Predictions({**predictions.columns, SCORE: predictions[RULE]})
    by_rule = by_rule.weighted_like(predictions)
    figures = figures_of_groups(targets, predictions, k)
    farthest = max(min(2 * k, FARTHEST, int(figures.sizes.max())), 1)
    places = range(1, farthest + 1) if figures.is_judged.any() else ()
    return Details(
        k=k,
        rows=len(targets),
        groups=len(figures.sizes),
        judged=int(figures.is_judged.sum()),
        largest=int(figures.sizes.max()),
        places=tuple(_place(targets, (predictions, by_rule), place) for place in places),
    )


def _place(targets: Targets, orders: tuple[Predictions, Predictions], place: int) -> PlaceFigures:
    model, rule = (figures_of_groups(targets, order, place) for order in orders)
    return PlaceFigures(
        k=place, model=_order(model), rule=_order(rule), at_random=model.mean_of(model.relevant)
    )


def _order(figures: GroupFigures) -> OrderFigures:
    return OrderFigures(
        ndcg=figures.mean_of(figures.ndcg),
        precision=figures.mean_of(figures.precision),
        recall=figures.mean_of(figures.recall),
    )


def tables_of(details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
    """Groups, and what looking at more of their rows comes to."""
    read = Details.model_validate(details)
    groups = DetailTable(
        title="Groups of the test rows",
        columns=("groups", "with something to order", "rows", "rows of the largest"),
        rows=((read.groups, read.judged, read.rows, read.largest),),
    )
    if not read.places:
        return (groups,)
    figures = ("NDCG", "precision", "recall")
    places = DetailTable(
        title="What is found among the first rows of a group",
        columns=("first", *figures, *(f"{name} of the rule" for name in figures), "at random"),
        rows=tuple(
            (place.k, *_values(place.model), *_values(place.rule), place.at_random)
            for place in read.places
        ),
    )
    return groups, places


def _values(order: OrderFigures) -> tuple[float, float, float]:
    return order.ndcg, order.precision, order.recall
