"""What an order of rows comes to in each group: NDCG, and what is found among the first k."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_platform.tasks.ranking.columns import GROUP, SCORE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


class GroupFigures(NamedTuple):
    """Of each group, shape (groups,), but where something else is said.

    A group is judged where an order of its rows can be better than another: they are not all
    equally relevant. Figures of the others are NaN.

    Attributes:
        group_of_row: position of the group of each row, shape (rows,).
        sizes: rows of each group.
        weights: how much each group counts: the mean weight of its rows.
        is_judged: whether the figures say anything.
        ndcg: gain of the first k over that of the best order, by the relevance itself, discounted
            by the binary logarithm of the rank (Jarvelin and Kekalainen 2002).
        precision: share of the first k, or of all rows where there are fewer, that are relevant.
        recall: share of the relevant rows that are among the first k.
        relevant: share of the rows that are relevant: the precision of an order at random.
    """

    group_of_row: NDArray[np.intp]
    sizes: NDArray[np.intp]
    weights: Numbers
    is_judged: NDArray[np.bool_]
    ndcg: Numbers
    precision: Numbers
    recall: Numbers
    relevant: Numbers

    def mean_of(self, figure: Numbers) -> float:
        """Mean over the judged groups; NaN where there is none."""
        import numpy as np

        if not self.is_judged.any():
            return float("nan")
        judged = self.is_judged
        return float(np.average(figure[judged], weights=self.weights[judged]))

    def spread(self, figure: Numbers, rows: Predictions, unjudged: float) -> Numbers:
        """The figure of its group given to every row, so that rows average to what groups do.

        A row of a group of ten gets a tenth of what one alone would: each is multiplied by how many
        rows a group has on average over how many its own has.

        Args:
            rows: by whose weights the mean is taken.
            unjudged: value of the rows of other groups: 0 takes part in the mean, NaN does not.
        """
        import numpy as np

        judged = self.is_judged[self.group_of_row]
        if not judged.any():
            return np.full(len(judged), unjudged)
        weights = np.ones(len(judged)) if rows.weights is None else rows.weights
        counted = weights.sum() if unjudged == 0.0 else weights[judged].sum()
        of_one_row = counted / self.weights[self.is_judged].sum()
        values = (figure / self.sizes)[self.group_of_row] * of_one_row
        spread: Numbers = np.where(judged, values, unjudged)
        return spread


def figures_of_groups(targets: Targets, predictions: Predictions, k: int) -> GroupFigures:
    """Measure an order of the rows of each group.

    Rows of the same score stand in every order at once: what is measured is the mean over these
    (McSherry and Najork 2008, "Computing information retrieval performance measures efficiently in
    the presence of tied scores"), as scikit-learn's `ndcg_score` has it.

    Args:
        targets: relevances; a negative one counts as 0.
        k: how many rows of a group are looked at.
    """
    import numpy as np

    relevances = np.maximum(targets, 0.0)
    _, group_of_row, sizes = np.unique(predictions[GROUP], return_inverse=True, return_counts=True)
    count = len(sizes)

    def sums(values: NDArray[Any]) -> Numbers:
        return np.bincount(group_of_row, weights=values, minlength=count).astype(np.float64)

    weights = sums(np.ones(len(targets)) if predictions.weights is None else predictions.weights)
    is_relevant = (relevances > 0).astype(np.float64)
    seen, discounts = _looked_at(predictions[SCORE], group_of_row, sizes, k)
    _, best_discounts = _looked_at(relevances, group_of_row, sizes, k)
    best, found = sums(relevances * best_discounts), sums(is_relevant * seen)
    of_group = sums(is_relevant)
    highest, lowest = np.zeros(count), np.full(count, np.inf)
    np.maximum.at(highest, group_of_row, relevances)
    np.minimum.at(lowest, group_of_row, relevances)
    is_judged = highest > lowest
    unknown = np.full(count, np.nan)

    def shares(part: Numbers, whole: NDArray[Any]) -> Numbers:
        shared: Numbers = np.divide(part, whole, out=unknown.copy(), where=is_judged)
        return shared

    return GroupFigures(
        group_of_row=group_of_row,
        sizes=sizes,
        weights=weights / sizes,
        is_judged=is_judged,
        ndcg=shares(sums(relevances * discounts), best),
        precision=shares(found, np.minimum(sizes, k)),
        recall=shares(found, of_group),
        relevant=shares(of_group, sizes),
    )


def ranks_of(groups: Sequence[float], scores: Sequence[float]) -> list[int]:
    """Rank of each row among those of its group that are there, from 1 on; ties share the best."""
    ordered: dict[float, list[float]] = {}
    for group, score in zip(groups, scores, strict=True):
        ordered.setdefault(group, []).append(score)
    ranks: dict[float, dict[float, int]] = {}
    for group, its_scores in ordered.items():
        # From the last on, so that the best rank of a score is what stays.
        descending = sorted(its_scores, reverse=True)
        positions = range(len(descending), 0, -1)
        ranks[group] = dict(zip(reversed(descending), positions, strict=True))
    return [ranks[group][score] for group, score in zip(groups, scores, strict=True)]


def _looked_at(
    scores: NDArray[Any], group_of_row: NDArray[np.intp], sizes: NDArray[np.intp], k: int
) -> tuple[Numbers, Numbers]:
    """Chance of each row to be among the first k of its group, and its expected discount."""
    import numpy as np

    order = np.lexsort((-scores, group_of_row))
    groups, ordered = group_of_row[order], scores[order]
    places = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    is_seen = (places < k).astype(np.float64)
    discounts = is_seen / np.log2(places + 2.0)
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (groups[1:] != groups[:-1]) | (ordered[1:] != ordered[:-1])
    tie = np.cumsum(begins) - 1
    ties = np.bincount(tie)
    chances, expected = np.empty(len(order)), np.empty(len(order))
    chances[order] = (np.bincount(tie, weights=is_seen) / ties)[tie]
    expected[order] = (np.bincount(tie, weights=discounts) / ties)[tie]
    return chances, expected
