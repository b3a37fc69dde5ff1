"""ROC and precision-recall curves, thinned to what a figure can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.record import Record

if TYPE_CHECKING:
    from mlops_platform.tasks.binary_classification.metrics import Labels
    from mlops_platform.tasks.predictions import Numbers

POINTS = 200


class Curve(Record):
    """Points of a curve, in order."""

    x: tuple[float, ...]
    y: tuple[float, ...]


def roc_curve_of(labels: Labels, scores: Numbers, weights: Numbers | None = None) -> Curve:
    """True positive rate (y) against false positive rate (x)."""
    from sklearn.metrics import roc_curve

    false_positive_rate, true_positive_rate, _ = roc_curve(labels, scores, sample_weight=weights)
    return _thinned(false_positive_rate, true_positive_rate)


def precision_recall_of(labels: Labels, scores: Numbers, weights: Numbers | None = None) -> Curve:
    """Precision (y) against recall (x), by falling threshold."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(labels, scores, sample_weight=weights)
    return _thinned(recall[::-1], precision[::-1])


def _thinned(x: Numbers, y: Numbers) -> Curve:
    """At most POINTS points, evenly spread along x, both ends included."""
    import numpy as np

    positions = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], POINTS - 1), side="left"))
    positions = np.unique(np.append(positions, len(x) - 1))
    return Curve(x=tuple(x[positions].tolist()), y=tuple(y[positions].tolist()))
