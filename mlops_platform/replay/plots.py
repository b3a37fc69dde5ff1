"""A replay as pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlops_platform.components.model_lifecycle.window.drift_asset import drift_history
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.windows import Window
from mlops_platform.files import replacing_file
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec


def draw_plots(
    spec: ModelSpec,
    windows: Sequence[Window],
    frozen: Mapping[str, WindowPerformance],
    folder: Path,
) -> None:
    """Loss and drift over the windows, as `loss.png` and `drift.png` in a folder."""
    from mlops_platform.monitoring.trend import drift_trend, performance_trend

    performance, drift = performance_history(spec), drift_history(spec)
    points = [
        (window.start, of_window)
        for window in windows
        if (of_window := drift[window.name].drift) is not None
    ]
    pictures = {
        "loss.png": performance_trend(
            [performance[window.name] for window in windows], list(frozen.values())
        ),
        "drift.png": drift_trend(points),
    }
    for name, png in pictures.items():
        with replacing_file(folder / name) as temporary:
            temporary.write_bytes(png)
