"""How wrong the estimates without labels have been, once the labels came."""

from collections.abc import Iterable

from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.record import Record


class EstimateRecord(Record):
    """Errors of the estimated loss over mature windows.

    Args:
        mean_error: estimated minus realised; below zero where estimates were too good.
        mean_absolute_error: of the estimates.
        without_estimate: mean absolute error of assuming the champion's test loss instead.
    """

    windows: int
    mean_error: float
    mean_absolute_error: float
    without_estimate: float


def estimate_record(windows: Iterable[WindowPerformance]) -> EstimateRecord | None:
    """Sum up the mature windows that have both figures; None where there is none."""
    errors, naive = [], []
    for window in windows:
        losses = window.losses
        error, loss, test_loss = losses.estimate_error, losses.loss, losses.test_loss
        if window.mature and error is not None and loss is not None and test_loss is not None:
            errors.append(error)
            naive.append(abs(test_loss - loss))
    if not errors:
        return None
    count = len(errors)
    return EstimateRecord(
        windows=count,
        mean_error=sum(errors) / count,
        mean_absolute_error=sum(map(abs, errors)) / count,
        without_estimate=sum(naive) / count,
    )
