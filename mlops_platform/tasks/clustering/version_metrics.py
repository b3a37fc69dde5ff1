"""How alike two clusterings answer, and which rows move from where to where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.clustering.columns import CLUSTER
from mlops_platform.tasks.clustering.naming import confusion
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.metric import VersionMetric

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Predictions

SAME_CLUSTER: Final = "same_cluster"
MOST_MOVES: Final = 3
"""Pairs of clusters between which most rows move, that are told in words."""


def same_cluster(champion: Predictions, candidate: Predictions) -> float:
    """Share of rows in the cluster of the same name."""
    return candidate.mean_of(champion[CLUSTER] == candidate[CLUSTER])


def adjusted_rand(champion: Predictions, candidate: Predictions) -> float:
    """Whether rows that were together still are, whatever clusters are called (Hubert, Arabie)."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(champion[CLUSTER], candidate[CLUSTER]))


def moves_text(champion: Predictions, candidate: Predictions) -> str:
    """Between which clusters most rows move, as a clause; empty where none does."""
    then, now, table = confusion(champion, candidate)
    moves = sorted(
        (
            (float(table[row, column]), before, after)
            for row, before in enumerate(then)
            for column, after in enumerate(now)
            if before != after and table[row, column] > 0
        ),
        reverse=True,
    )
    told = [
        f"{moved / table.sum():.1%} from {before} to {after}"
        for moved, before, after in moves[:MOST_MOVES]
    ]
    others = len(moves) - len(told)
    ended = f" and {others} moves more" if others else ""
    return f"of the rows {', '.join(told)}{ended}" if told else ""


def confusion_table(champion: Predictions, candidate: Predictions) -> DetailTable:
    """Rows by cluster then and now, by their weight."""
    then, now, table = confusion(champion, candidate)
    rows: list[tuple[str | float, ...]] = [
        (name, *table[row].tolist()) for row, name in enumerate(then)
    ]
    return DetailTable(
        title="Clusters of the same rows: the champion's down, the candidate's across",
        columns=("champion", *(f"candidate {name}" for name in now)),
        rows=tuple(rows),
    )


VERSION_METRICS: Final[Mapping[str, VersionMetric]] = {
    SAME_CLUSTER: VersionMetric(
        "the share of rows that keep the name of their cluster", same_cluster, moves_text
    ),
    "adjusted_rand": VersionMetric(
        "the adjusted Rand index against the champion, whatever clusters are called,",
        adjusted_rand,
    ),
}
"""By name."""
