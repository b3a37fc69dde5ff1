"""The records of a model's windows, by the model's name alone: its YAML may be gone."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from mlops_platform.components.record_files import (
    partition_files,
    partition_records,
    read_record,
)
from mlops_platform.files import FileState
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.records import ModelWindows
from mlops_platform.usecases.window.score import ScoredWindow
from mlops_platform.usecases.window.signals import window_signals

R = TypeVar("R", bound=Record)
WINDOWS_KEPT: Final = 2**15
"""Windows, of all models, whose signals a process keeps: some 4 kB each."""


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
    """Every window of a model as its policy sees it, oldest first; only what is new is read."""
    performance, drift = (_states(spec.name, asset) for asset in ("performance", "drift_report"))
    names = performance.keys() | drift.keys()
    signals = (_signals(performance.get(name), drift.get(name)) for name in names)
    known = (window for window in signals if window is not None)
    return tuple(sorted(known, key=lambda window: window.start))


def _states(model: str, asset: str) -> Mapping[str, FileState]:
    return {file.stem: FileState.of(file) for file in partition_files((model, asset))}


@lru_cache(maxsize=WINDOWS_KEPT)
def _signals(performance: FileState | None, drift: FileState | None) -> WindowSignals | None:
    """One window, of which at least one thing was recorded; None where it is empty."""
    signals = window_signals(_read(performance, WindowPerformance), _read(drift, WatchedWindow))
    return signals[0] if signals else None


def _read(file: FileState | None, record_type: type[R]) -> dict[str, R]:
    if file is None:
        return {}
    path = Path(file.path)
    return {path.stem: read_record(path, record_type)}
