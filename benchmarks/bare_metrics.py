"""What the bare scripts measure and scikit-learn has no function for."""

import numpy as np
from sklearn.calibration import calibration_curve

CALIBRATION_BINS = 10


def calibration_error(labels: np.ndarray, scores: np.ndarray) -> float:
    """Mean distance of probability and frequency over bins of equal size."""
    bins = min(CALIBRATION_BINS, len(np.unique(scores)))
    observed, predicted = calibration_curve(labels, scores, n_bins=bins, strategy="quantile")
    return float(np.abs(observed - predicted).mean())
