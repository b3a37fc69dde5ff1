"""What a calibrator, fitted on the last days before the moment of a fit, makes of retraining."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from benchmarks.policy.plain_fits import PlainFit
from mlops_platform.tasks.binary_classification.metrics import log_losses

Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]
Calibrated = Callable[[Numbers], Numbers]
SMALLEST = 1e-6


def none(_scores: Numbers, _labels: Labels) -> Calibrated:
    """The scores as they are."""
    return lambda scores: scores


def temperature(scores: Numbers, labels: Labels) -> Calibrated:
    """One factor of the log-odds."""
    odds = _log_odds(scores)

    def loss(factor: float) -> float:
        return float(log_losses(labels, expit(factor * odds)).mean())

    factor = minimize_scalar(loss, bounds=(0.1, 10.0), method="bounded").x
    return lambda new: expit(factor * _log_odds(new))


def sigmoid(scores: Numbers, labels: Labels) -> Calibrated:
    """A line of the log-odds."""
    line = LogisticRegression(C=np.inf).fit(_log_odds(scores)[:, None], labels)
    return lambda new: line.predict_proba(_log_odds(new)[:, None])[:, 1]


def isotonic(scores: Numbers, labels: Labels) -> Calibrated:
    """Any rising curve, kept away from certainty."""
    curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, labels)
    return lambda new: curve.predict(new).clip(0.001, 0.999)


CALIBRATORS: Mapping[str, Callable[[Numbers, Labels], Calibrated]] = {
    "none": none,
    "temperature": temperature,
    "sigmoid": sigmoid,
    "isotonic": isotonic,
}


def calibrated_losses(
    fits: Sequence[PlainFit], labels: Labels, windows: Sequence[NDArray[np.intp]], days: int
) -> dict[str, tuple[float, float]]:
    """Log loss of the first fit and of a fit for every window, by calibrator.

    Args:
        windows: positions of each window's rows among the labels.
        days: before the moment of a fit, of which its calibrator knows the scores of a pipeline
            that has not seen them.
    """
    found = {}
    for name, calibrator in CALIBRATORS.items():
        never, weekly = (
            np.concatenate(
                [
                    _losses(fits[chosen(at)], labels, rows, calibrator, days)
                    for at, rows in enumerate(windows)
                ]
            )
            for chosen in (lambda _at: 0, lambda at: at)
        )
        found[name] = float(never.mean()), float(weekly.mean())
    return found


def _losses(
    fit: PlainFit,
    labels: Labels,
    rows: NDArray[np.intp],
    calibrator: Callable[[Numbers, Labels], Calibrated],
    days: int,
) -> Numbers:
    position, judged = fit.judged[days]
    first = len(labels) - len(fit.scores)
    scores = calibrator(judged, labels[position])(fit.scores[rows - first])
    return log_losses(labels[rows], scores)


def _log_odds(scores: Numbers) -> Numbers:
    odds: Numbers = logit(np.clip(scores, SMALLEST, 1 - SMALLEST))
    return odds
