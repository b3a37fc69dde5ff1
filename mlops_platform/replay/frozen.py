"""What the first champion would have done, as the measure of what retraining was worth."""

from collections.abc import Sequence
from pathlib import Path

from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.release.reference import load_reference
from mlops_platform.usecases.version.champion import load_release
from mlops_platform.usecases.window.performance import measure_performance
from mlops_platform.usecases.window.score import score_window


def frozen_performance(
    spec: ModelSpec, windows: Sequence[Window], folder: Path
) -> dict[str, WindowPerformance]:
    """What the first champion would have done, had nothing ever been retrained.

    Args:
        folder: where what it would have predicted is written.
    """
    served = performance_history(spec)
    deployment = open_deployment()
    first, registry = deployment.ledger.releases(spec.name)[0], deployment.registry
    champion = load_release(registry, first)
    reference, held_out = load_reference(registry, first)
    performance = {}
    for window in windows:
        measured = served[window.name]
        if measured.version != first.version:
            scored = score_window(
                spec, window, champion, settings().published, folder, measured.as_of
            )
            measured = measure_performance(
                spec,
                scored,
                reference,
                held_out,
                settings().published,
                measured.as_of,
                labels_through=measured.as_of,
            )
        performance[window.name] = measured
    return performance
