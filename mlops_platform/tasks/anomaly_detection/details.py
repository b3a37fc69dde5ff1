"""What an evaluation tells of a detector alone: its alerts, p-values and episodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.record import Record
from mlops_platform.tasks.anomaly_detection.columns import (
    ALERT_SHARE,
    DECISION,
    P_VALUE,
    SCORE,
    STABILITY,
    THRESHOLD,
)
from mlops_platform.tasks.anomaly_detection.episodes import episodes_of
from mlops_platform.tasks.anomaly_detection.metrics import labelled
from mlops_platform.tasks.binary_classification.curves import Curve, precision_recall_of
from mlops_platform.tasks.detail_table import DetailTable

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Predictions, Targets

P_BINS: Final = 20
MOST_EPISODES: Final = 10


class Episode(Record):
    """Anomalies that follow one another.

    Args:
        waited: hours until the first alert; None where there is none.
    """

    begins: str
    hours: float
    anomalies: int
    waited: float | None

    @property
    def waited_text(self) -> str | float:
        """That of a table."""
        return "none" if self.waited is None else self.waited


class Details(Record):
    """Of the test rows.

    Args:
        budget: share of rows that may be alerts.
        found: anomalies with an alert.
        p_values: share of the rows that are not known to be anomalies, by bins of their p-value; a
            promise that is kept has the same in each.
        precision_recall: None where no anomaly, or nothing else, is known.
        episodes: the longest ones.
    """

    rows: int
    labelled: int
    anomalies: int
    alerts: int
    found: int
    budget: float
    threshold: float
    stability: float
    p_values: tuple[float, ...]
    precision_recall: Curve | None
    episodes: tuple[Episode, ...]


def details_of(
    targets: Targets, predictions: Predictions, constants: Constants, gap_hours: float
) -> Details:
    """Measure them; only counts of rows know nothing of weights."""
    import numpy as np

    known, said = labelled(targets, predictions)
    alerts, usual = predictions[DECISION], predictions.rows(targets != 1)
    weights = usual.weights
    counts, _ = np.histogram(usual[P_VALUE], P_BINS, (0.0, 1.0), weights=weights)
    has_both = bool((known == 1).any() and (known == 0).any())
    return Details(
        rows=len(targets),
        labelled=len(known),
        anomalies=int(known.sum()),
        alerts=int(alerts.sum()),
        found=int((alerts & (targets == 1)).sum()),
        budget=constants[ALERT_SHARE],
        threshold=constants[THRESHOLD],
        stability=constants[STABILITY],
        p_values=tuple((counts / (counts.sum() or 1.0)).tolist()),
        precision_recall=(
            precision_recall_of(known, said[SCORE], said.weights) if has_both else None
        ),
        episodes=_longest_episodes(targets, predictions, gap_hours),
    )


def _longest_episodes(
    targets: Targets, predictions: Predictions, gap_hours: float
) -> tuple[Episode, ...]:
    import numpy as np

    if predictions.moments is None or not (targets == 1).any():
        return ()
    found = episodes_of(targets == 1, predictions[DECISION], predictions.moments, gap_hours)
    longest = np.argsort(-found.hours, kind="stable")[:MOST_EPISODES]
    return tuple(
        Episode(
            begins=str(found.begins[at].astype("datetime64[m]")),
            hours=float(found.hours[at]),
            anomalies=int(found.anomalies[at]),
            waited=float(found.waited[at]) if found.detected[at] else None,
        )
        for at in longest
    )


def tables_of(details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
    """Alerts and episodes."""
    read = Details.model_validate(details)
    figures: tuple[tuple[str, int | float], ...] = (
        ("rows", read.rows),
        ("with a label", read.labelled),
        ("anomalies among these", read.anomalies),
        ("alerts", read.alerts),
        ("anomalies with an alert", read.found),
        ("share of rows that may be alerts", read.budget),
        ("rank correlation with models of resampled rows", read.stability),
    )
    alerts = DetailTable(title="Alerts on the test rows", columns=("", "value"), rows=figures)
    if not read.episodes:
        return (alerts,)
    episodes = DetailTable(
        title="Longest episodes of anomalies",
        columns=("first anomaly (UTC)", "hours", "anomalies", "hours until the first alert"),
        rows=tuple(
            (each.begins, each.hours, each.anomalies, each.waited_text) for each in read.episodes
        ),
    )
    return alerts, episodes
