"""Metrics of scores and alerts: of rows with a label, and of all rows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.anomaly_detection.columns import CONTRAST, DECISION, SCORE
from mlops_platform.tasks.anomaly_detection.episodes import episodes_of
from mlops_platform.tasks.metric import Metric, mean_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.anomaly_detection.costs import DecisionCosts
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


def metrics_of(costs: DecisionCosts, gap_hours: float) -> Mapping[str, Metric]:
    """Every metric by name; those of alerts depend on the budget."""
    return {
        "alert_cost": Metric(
            "mean cost of one row in the declared costs; lower is better",
            greater_is_better=False,
            compute=partial(_alert_cost, costs=costs),
            row_values=costs.of_rows,
            tunes=True,
            headline=True,
        ),
        "contrast": Metric(
            "share of rows with shuffled columns that look more usual; 0.5 is guessing",
            greater_is_better=False,
            compute=mean_of(_contrasts),
            row_values=_contrasts,
            tunes=True,
            headline=True,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
        "average_precision": Metric(
            "precision averaged over recall; the share of anomalies is guessing",
            greater_is_better=True,
            compute=_average_precision,
            tunes=True,
            headline=True,
        ),
        "precision_at_budget": Metric(
            "share of alerts that are anomalies; 0 where there is no alert",
            greater_is_better=True,
            compute=partial(_of_alerts, name="precision_score"),
            headline=True,
        ),
        "recall_at_budget": Metric(
            "share of anomalies with an alert",
            greater_is_better=True,
            compute=partial(_of_alerts, name="recall_score"),
            headline=True,
        ),
        "time_to_detect": Metric(
            "mean hours of an episode of anomalies until its first alert, all of it without one",
            greater_is_better=False,
            compute=partial(_time_to_detect, gap_hours=gap_hours),
        ),
        "alert_rate": Metric(
            "share of rows that are alerts",
            greater_is_better=None,
            compute=mean_of(_alerts),
            row_values=_alerts,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
    }


def defined_on(name: str, targets: Targets, predictions: Predictions) -> bool:
    """Whether a metric of labels is defined: it takes some, of anomalies and of normal rows."""
    if name == "alert_cost":
        return bool((targets == targets).any())
    if name == "time_to_detect" and predictions.moments is None:
        return False
    return bool((targets == 1).any() and (targets == 0).any())


def labelled(targets: Targets, predictions: Predictions) -> tuple[NDArray[np.int64], Predictions]:
    """Rows of which somebody knows what they were, as 0 and 1, and what was said of them."""
    import numpy as np

    known = ~np.isnan(targets)
    return targets[known].astype(np.int64), predictions.rows(known)


def _alert_cost(targets: Targets, predictions: Predictions, costs: Any) -> float:
    known, said = labelled(targets, predictions)
    return said.mean_of(costs.of_rows(known.astype(float), said))


def _contrasts(_: Targets, predictions: Predictions) -> Numbers:
    return predictions[CONTRAST]


def _alerts(_: Targets, predictions: Predictions) -> Numbers:
    alerts: Numbers = predictions[DECISION].astype(float)
    return alerts


def _average_precision(targets: Targets, predictions: Predictions) -> float:
    from sklearn.metrics import average_precision_score

    known, said = labelled(targets, predictions)
    return float(average_precision_score(known, said[SCORE], sample_weight=said.weights))


def _of_alerts(targets: Targets, predictions: Predictions, name: str) -> float:
    from sklearn import metrics

    known, said = labelled(targets, predictions)
    measure = getattr(metrics, name)
    return float(measure(known, said[DECISION], zero_division=0, sample_weight=said.weights))


def _time_to_detect(targets: Targets, predictions: Predictions, gap_hours: float) -> float:
    moments = predictions.moments
    assert moments is not None, "it is not defined without"
    episodes = episodes_of(targets == 1, predictions[DECISION], moments, gap_hours)
    return float(episodes.waited.mean())
