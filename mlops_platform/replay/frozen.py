"""What the first champion would have done, as the measure of what retraining was worth."""

from collections.abc import Sequence
from pathlib import Path

from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.release.reference import load_reference
from mlops_platform.usecases.version.champion import load_release
from mlops_platform.usecases.window.performance import KnownLabels, measure_performance
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
    published, registry = deployment.settings.published, deployment.registry
    first = deployment.ledger.releases(spec.name)[0]
    champion, reference = load_release(registry, first), load_reference(registry, first)
    performance = {}
    for window in windows:
        measured = served[window.name]
        if measured.version != first.version and not measured.is_empty:
            scored = score_window(spec, window, champion, published, folder, measured.as_of)
            known = KnownLabels(as_of=measured.as_of, built_through=measured.as_of)
            measured = measure_performance(published, spec, scored, reference, known)
        performance[window.name] = measured
    return performance
