"""The records of a model's windows, by the model's name alone: its YAML may be gone."""

from mlops_platform.components.record_files import partition_records
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.records import ModelWindows
from mlops_platform.usecases.window.score import ScoredWindow
from mlops_platform.usecases.window.signals import window_signals


def recorded_windows(model: str, latest: int = 0) -> ModelWindows:
    """Everything that was recorded about the windows of a model.

    Args:
        latest: only of so many latest windows; of all where it is 0.
    """
    return ModelWindows(
        scored=partition_records((model, "predictions"), ScoredWindow, latest),
        performance=partition_records((model, "performance"), WindowPerformance, latest),
        drift=partition_records((model, "drift_report"), WatchedWindow, latest),
    )


def recorded_signals(spec: ModelSpec) -> tuple[WindowSignals, ...]:
    """Every window of a model as its policy sees it, oldest first."""
    windows = recorded_windows(spec.name)
    return window_signals(windows.performance, windows.drift)
