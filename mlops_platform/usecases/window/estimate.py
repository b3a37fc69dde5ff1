"""What the predictions of a window let expect of it, corrected by the latest rows with labels."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.features.features import read_outcomes
from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.tasks import EstimatedPerformance, Predictions
from mlops_platform.usecases.window.labelled_rows import with_weights_of, without_seen_labels
from mlops_platform.usecases.window.maturity import matures_at
from mlops_platform.usecases.window.past import PastWindows
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.monitoring.reference import Reference


def estimate_window(
    spec: ModelSpec,
    scored: ScoredWindow,
    predictions: Predictions,
    published_root: Path,
    past: PastWindows,
    reference: Reference,
) -> EstimatedPerformance | None:
    """Estimate from the predictions alone, whatever labels of this window are known by now.

    Measured again later, a window gets the same estimate: nothing counts that was not known when
    it ended. Until a window of the version has matured its predictions are taken as they are: they
    were finished on all of its held-out rows. None where the window has no rows, or the task
    cannot tell.

    Args:
        reference: of the version.
    """
    if not len(predictions):
        return None
    task, known = spec.task, None
    rows = _known_rows(spec, scored, published_root, past, reference.seen_until)
    if rows is not None:
        targets = task.targets(rows["label"].to_numpy())
        rows = with_weights_of(reference, rows)
        known = targets, predictions_in(rows, task.outputs, SAMPLE_WEIGHT)
    return task.estimate(predictions, reference.baseline, known)


def _known_rows(
    spec: ModelSpec,
    scored: ScoredWindow,
    published_root: Path,
    past: PastWindows,
    seen_until: datetime | None,
) -> pa.Table | None:
    """Labelled rows that the same version had scored, of windows mature when this one ended."""
    mature = [
        past_window
        for past_window in past.scored.values()
        if past_window.version == scored.version
        and past_window.window.start < scored.window.start
        and matures_at(spec, past_window.window) <= scored.window.ends_at
        # An empty window has no predictions, and those of an old one may be gone.
        and past_window.path.is_file()
    ]
    if not mature:
        return None
    kept = timedelta(days=spec.monitoring.performance.estimate_from_days)
    since = max(past_window.window.end for past_window in mature) - kept
    used = [past_window for past_window in mature if past_window.window.end > since]
    outcomes = read_outcomes(
        spec,
        published_root,
        [past_window.path for past_window in used],
        [day for past_window in used for day in past_window.window.days],
        scored.window.ends_at,
    )
    outcomes = without_seen_labels(outcomes, seen_until)
    labelled = outcomes.filter(outcomes["label"].is_valid())
    return labelled if labelled.num_rows else None
