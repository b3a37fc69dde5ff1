"""Windows that were measured with labels that are others by now."""

from collections.abc import Mapping
from datetime import datetime

from mlops_platform.data.predictions import predictions_file, predicts_label
from mlops_platform.data.windows import window_named
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.outcome_digests import OutcomeDigests


def with_changed_labels(
    deployment: Deployment, spec: ModelSpec, measured: Mapping[str, WindowPerformance]
) -> list[str]:
    """Mature windows whose labels or KPI are not those any more that they were measured with.

    They are in order.

    Without event time others as well: no day says when a label is due, and where all have landed a
    window is mature. Once measured again a window is none of them until its labels change once
    more. Windows without predictions, or with those of another label that the YAML named then, stay
    as they are.
    """
    awaited = not spec.features.has_event_time
    final = [
        name
        for name, window in measured.items()
        if (window.mature or awaited) and window.labels_digest
    ]
    if not final:
        return []
    moment, predictions = deployment.moment_of(spec.name), deployment.settings.predictions
    published = OutcomeDigests(spec, deployment.settings.published)
    digests = {name: published.of(window_named(spec.window, name)) for name in final}
    return [
        name
        for name, digest in digests.items()
        if _is_overtaken(measured[name], digest, moment)
        and predicts_label(predictions_file(predictions, spec.name, name), spec)
    ]


def _is_overtaken(window: WindowPerformance, labels_digest: str, moment: datetime) -> bool:
    if window.mature:
        return window.is_overtaken(labels_digest, moment)
    return window.labels_digest != labels_digest
