"""How alike two detectors answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.anomaly_detection.columns import DECISION, SCORE
from mlops_platform.tasks.metric import VersionMetric

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions


def rank_correlation(first: Numbers, second: Numbers) -> float:
    """Spearman's, of two scores of the same rows; 0 where one of them says the same of all."""
    from scipy.stats import spearmanr

    if first.min() == first.max() or second.min() == second.max():
        return 0.0
    return float(spearmanr(first, second).statistic)


def _rank_agreement(champion: Predictions, candidate: Predictions) -> float:
    return rank_correlation(champion[SCORE], candidate[SCORE])


def _shared_alerts(champion: Predictions, candidate: Predictions) -> float:
    either = champion[DECISION] | candidate[DECISION]
    both = champion[DECISION] & candidate[DECISION]
    return float(both.sum() / either.sum()) if either.any() else 1.0


VERSION_METRICS: Final[Mapping[str, VersionMetric]] = {
    "rank_agreement": VersionMetric(
        "rank correlation of the scores with the champion's", _rank_agreement
    ),
    "shared_alerts": VersionMetric(
        "share of the alerts of either version that both raise", _shared_alerts
    ),
}
"""By name."""
