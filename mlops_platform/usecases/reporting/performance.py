"""The performance of one window in words."""

from collections.abc import Mapping
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.estimate_record import estimate_record
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.templates import Templates

_TEMPLATES: Final = Templates(
    "mlops_platform.usecases.reporting",
    {
        "count": "{:,}".format,
        "loss": "{:.4f}".format,
        "percent": lambda share: f"{100 * share:.0f} %",
        "compared": lambda loss: f"{abs(loss):.4f} {'worse' if loss >= 0 else 'better'}",
    },
)


def performance_text(history: Mapping[str, WindowPerformance], window: Window) -> str:
    """What came of a window, what its scores had let expect, and whether errors have changed.

    Args:
        history: every measured window of the model.
    """
    measured = history.get(window.name)
    if measured is None:
        return "Its performance was not measured."
    if measured.is_empty:
        return "There was nothing to measure."
    corrected = measured.labels_changed
    sentences = _TEMPLATES.render(
        "performance.txt.j2",
        measured=measured,
        known_at=moment_text(measured.as_of),
        corrected=corrected,
        corrected_since=moment_text(corrected.since) if corrected else "",
        estimates=estimate_record(history.values()),
    )
    return " ".join(sentences.splitlines())
