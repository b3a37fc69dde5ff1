"""Figures of a detector's alerts that are compared between groups of people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.anomaly_detection.columns import DECISION
from mlops_platform.tasks.group_metric import GroupMetric

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


def _alerted(_: Targets, predictions: Predictions) -> Numbers:
    alerts: Numbers = predictions[DECISION].astype(float)
    return alerts


GROUP_METRICS: Final[Mapping[str, GroupMetric]] = {
    "alert_rate": GroupMetric("share of rows that are alerts", row_values=_alerted, is_rate=True)
}
"""By name."""
