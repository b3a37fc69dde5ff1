"""What the scores of a window let expect of it, calibrated on the latest rows with labels."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.data.features.features import read_outcomes
from mlops_platform.monitoring.performance.estimate import (
    EstimatedPerformance,
    expected_performance,
    recalibrated,
)
from mlops_platform.spec import SCORE, ModelSpec
from mlops_platform.usecases.window.maturity import matures_at
from mlops_platform.usecases.window.past import PastWindows
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def estimate_window(
    spec: ModelSpec,
    scored: ScoredWindow,
    scores: NDArray[Any],
    published_root: Path,
    past: PastWindows,
    base_rate: float,
) -> EstimatedPerformance | None:
    """Estimate from the scores alone, whatever labels of this window are known by now.

    Measured again later, a window gets the same estimate: nothing counts that was not known when
    it ended. Until a window of the version has matured its scores are taken as they are: they were
    calibrated on all of its held-out rows. None where the window has no rows.

    Args:
        base_rate: share of positives that the version was trained on.
    """
    if not len(scores):
        return None
    rows = _known_rows(spec, scored, published_root, past)
    if rows is None:
        return expected_performance(scores, scores, scored.threshold, base_rate)
    labels = rows["label"].to_numpy().astype(float)
    probabilities = recalibrated(scores, rows[SCORE].to_numpy(), labels)
    return expected_performance(scores, probabilities, scored.threshold, base_rate)


def _known_rows(
    spec: ModelSpec, scored: ScoredWindow, published_root: Path, past: PastWindows
) -> pa.Table | None:
    """Labelled rows that the same version had scored, of windows mature when this one ended."""
    mature = [
        past_window
        for past_window in past.scored.values()
        if past_window.version == scored.version
        and past_window.window.start < scored.window.start
        and matures_at(spec, past_window.window) <= scored.window.ends_at
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
    labelled = outcomes.filter(outcomes["label"].is_valid())
    return labelled if labelled.num_rows else None
