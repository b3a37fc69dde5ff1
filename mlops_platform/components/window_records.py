"""The records of a model's windows, by the model's name alone: its YAML may be gone."""

import dagster as dg

from mlops_platform.components.record_io_manager import partition_records
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
    scored, performance, drift = (
        dg.AssetKey([model, asset]) for asset in ("predictions", "performance", "drift_report")
    )
    return ModelWindows(
        scored=partition_records(scored, ScoredWindow, latest),
        performance=partition_records(performance, WindowPerformance, latest),
        drift=partition_records(drift, WatchedWindow, latest),
    )


def recorded_signals(spec: ModelSpec) -> tuple[WindowSignals, ...]:
    """Every window of a model as its policy sees it, oldest first."""
    windows = recorded_windows(spec.name)
    return window_signals(windows.performance, windows.drift)
