"""A replay as pictures."""

from collections.abc import Mapping
from pathlib import Path

from mlops_platform.files import replacing_file
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.replay.lived_windows import LivedWindows


def draw_plots(
    lived: LivedWindows,
    frozen: Mapping[str, WindowPerformance],
    folder: Path,
) -> None:
    """Loss and drift over the windows, as `loss.png` and `drift.png` in a folder."""
    from mlops_platform.monitoring.trend import drift_trend, performance_trend

    points = [
        (window.start, watched.drift) for window, _, watched in lived if watched.drift is not None
    ]
    pictures = {
        "loss.png": performance_trend(
            [performance for _, performance, _ in lived], list(frozen.values())
        ),
        "drift.png": drift_trend(points),
    }
    for name, png in pictures.items():
        with replacing_file(folder / name) as temporary:
            temporary.write_bytes(png)
