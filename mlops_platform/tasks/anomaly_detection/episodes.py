"""Episodes: anomalies that follow one another, and how long each goes on before an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers

HOUR = 3.6e9
"""Microseconds."""


class Episodes(NamedTuple):
    """Columns of shape (episodes,), by their beginning.

    Attributes:
        begins: moment of the first anomaly.
        hours: from there to the last one.
        anomalies: how many rows there are.
        waited: hours from there to the first alert on one of them; all of the hours where there is
            none, which so counts as if it had been noticed at the end.
        detected: whether there is one.
    """

    begins: NDArray[np.datetime64]
    hours: Numbers
    anomalies: NDArray[Any]
    waited: Numbers
    detected: NDArray[np.bool_]


def episodes_of(
    anomalies: NDArray[np.bool_],
    alerts: NDArray[np.bool_],
    moments: NDArray[np.datetime64],
    gap_hours: float,
) -> Episodes:
    """Anomalies that are no farther apart than a gap are one episode.

    Args:
        anomalies, alerts, moments: of rows in any order, shape (rows,) each.
    """
    import numpy as np

    at = np.flatnonzero(anomalies)
    at = at[np.argsort(moments[at], kind="stable")]
    hours = moments[at].astype("datetime64[us]").astype(np.int64) / HOUR
    number = np.cumsum(np.concatenate([[0], np.diff(hours) > gap_hours]))
    firsts = np.flatnonzero(np.concatenate([[True], np.diff(number) > 0]))
    lasts = np.append(firsts[1:], len(at)) - 1
    lengths = hours[lasts] - hours[firsts]
    alerted = alerts[at]
    waited, detected = lengths.copy(), np.zeros(len(firsts), dtype=bool)
    # The first alert of each: later ones are overwritten, from the last row to the first.
    for row in np.flatnonzero(alerted)[::-1]:
        waited[number[row]] = hours[row] - hours[firsts[number[row]]]
        detected[number[row]] = True
    return Episodes(moments[at][firsts], lengths, np.bincount(number), waited, detected)
