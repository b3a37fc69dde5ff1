"""Names of clusters: numbers that stay with the same kind of rows from version to version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.clustering.columns import CLUSTER, LAST_NAME, NAMES
from mlops_platform.tasks.clustering.stability import overlaps
from mlops_platform.tasks.predictions import Predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Numbers


def first_names(codes: NDArray[np.intp], clusters: int, weights: Numbers | None) -> Constants:
    """Names of a model that goes on from none: 1 is the cluster with most rows.

    Args:
        codes: of the rows that it was fitted on, shape (rows,).
    """
    import numpy as np

    sizes = np.bincount(codes, weights, clusters)
    falling = np.argsort(-sizes, kind="stable")
    names = {NAMES[code]: float(rank + 1) for rank, code in enumerate(falling)}
    return {**names, LAST_NAME: float(clusters)}


def names_gone_on(
    champion: Constants, matched: Mapping[str, str], candidate: Constants
) -> Constants:
    """Names of a candidate that go on from those of a champion, and the last one that was given.

    Args:
        matched: the champion's name of each of the candidate's that has one.
    """
    last, names = champion[LAST_NAME], {}
    for constant, own in sorted(candidate.items()):
        if constant not in NAMES:
            continue
        before = matched.get(name_text(own))
        if before is None:
            last += 1
        names[constant] = last if before is None else float(before)
    return {**names, LAST_NAME: last}


def matched_names(before: Predictions, stated: Predictions) -> dict[str, str]:
    """The name before of each name now, such that as many rows as can be keep theirs.

    Of the assignments of one name to one that share most rows (Kuhn 1955, "The Hungarian method for
    the assignment problem"). A name that shares no row with its own is left out.

    Args:
        before, stated: of the same rows.
    """
    from scipy.optimize import linear_sum_assignment

    then, now, table = confusion(before, stated)
    rows, columns = linear_sum_assignment(table, maximize=True)
    pairs = zip(rows, columns, strict=True)
    return {now[column]: then[row] for row, column in pairs if table[row, column] > 0}


def renamed(predictions: Predictions, names: Mapping[str, str]) -> Predictions:
    """The same with other names of its clusters; those that are not named are marked as new."""
    import numpy as np

    clusters = [names.get(name, f"new {name}") for name in predictions[CLUSTER]]
    columns = {**predictions.columns, CLUSTER: np.array(clusters, dtype=object)}
    return Predictions(columns, predictions.weights, predictions.moments)


def confusion(before: Predictions, stated: Predictions) -> tuple[list[str], list[str], Numbers]:
    """Names before, names now, and how many rows each pair of them shares, by their weight."""
    import numpy as np

    (then, first), (now, second) = (
        np.unique(said[CLUSTER].astype(str), return_inverse=True) for said in (before, stated)
    )
    table = overlaps(first, second, stated.weights)
    rows, columns = _in_order(then), _in_order(now)
    return (
        [str(then[at]) for at in rows],
        [str(now[at]) for at in columns],
        table[np.ix_(rows, columns)],
    )


def name_text(name: float) -> str:
    """A name as it is answered."""
    return str(int(name))


def _in_order(names: NDArray[Any]) -> list[int]:
    """Positions of names, 2 before 10."""
    return sorted(range(len(names)), key=lambda at: (len(names[at]), names[at]))
