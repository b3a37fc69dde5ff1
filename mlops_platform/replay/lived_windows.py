"""Windows that a model has lived through, with what was measured of each."""

from collections.abc import Sequence

from mlops_platform.components.model_lifecycle.window.drift_asset import drift_history
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.windows import Window
from mlops_platform.errors import MlopsError
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.drift import WatchedWindow

LivedWindows = Sequence[tuple[Window, WindowPerformance, WatchedWindow]]


def lived_windows(spec: ModelSpec, windows: Sequence[Window]) -> LivedWindows:
    """Each window with its performance and its drift.

    Raises:
        MlopsError: a run of a window failed in an earlier call, and was asked for only once.
    """
    performance, drift = performance_history(spec), drift_history(spec)
    watched = performance.keys() & drift.keys()
    missing = [window.name for window in windows if window.name not in watched]
    if missing:
        raise MlopsError(
            f"the run of {spec.name} for {missing[0]} failed, so that this window has no drift "
            f"or no performance. `mlops watch {spec.name} {missing[0]}` makes it; then start "
            f"this again. Windows that lack one: {', '.join(missing)}."
        )
    return [(window, performance[window.name], drift[window.name]) for window in windows]
