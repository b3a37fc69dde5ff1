"""The records of a model's windows, by the model's name alone: its YAML may be gone."""

import dagster as dg

from mlops_platform.components.record_io_manager import partition_records
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.model_windows import ModelWindows
from mlops_platform.usecases.score_window import ScoredWindow
from mlops_platform.usecases.watch_drift import WatchedWindow
from mlops_platform.usecases.window_signals import window_signals


def recorded_windows(model: str) -> ModelWindows:
    """Everything that was recorded about the windows of a model."""
    return ModelWindows(
        scored=partition_records(dg.AssetKey([model, "predictions"]), ScoredWindow),
        performance=partition_records(dg.AssetKey([model, "performance"]), WindowPerformance),
        drift=partition_records(dg.AssetKey([model, "drift_report"]), WatchedWindow),
    )


def recorded_signals(spec: ModelSpec) -> tuple[WindowSignals, ...]:
    """Every window of a model as its policy sees it, oldest first."""
    windows = recorded_windows(spec.name)
    return window_signals(windows.performance, windows.drift, spec.monitoring.drift)
