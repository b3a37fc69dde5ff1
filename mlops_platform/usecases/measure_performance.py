"""How good the predictions of a window turned out to be, as far as its labels are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.features import read_outcomes
from mlops_platform.data.windows import Window, window_named
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.reference import SCORE
from mlops_platform.usecases.score_window import ScoredWindow

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.monitoring.reference import Reference


def measure_performance(
    spec: ModelSpec,
    scored: ScoredWindow,
    reference: Reference,
    published_root: Path,
    moment: datetime,
    labels_through: datetime,
) -> WindowPerformance:
    """Join predictions with the labels known at `moment`, and measure.

    Args:
        reference: the release's own figures, and its base rate, which any window must beat.
        labels_through: until when labels are built; what matures later is provisional.
    """
    window = scored.window
    outcomes = read_outcomes(spec, published_root, scored.path, window.days, moment)
    labelled = outcomes.filter(outcomes["label"].is_valid())
    return WindowPerformance(
        window=window.name,
        start=window.start,
        end=window.end,
        version=scored.version,
        release=scored.release,
        rows=outcomes.num_rows,
        settled=int(outcomes["settled"].to_numpy().sum()),
        labelled=labelled.num_rows,
        mature=matures_at(spec, window) <= min(moment, labels_through),
        as_of=moment,
        metrics=metrics_of(spec, labelled, scored.threshold),
        base_rate_log_loss=_constant_log_loss(labelled, reference.base_rate),
        reference_log_loss=reference.metrics["log_loss"],
        reference_base_rate_log_loss=reference.base_rate_log_loss,
    )


def matures_at(spec: ModelSpec, window: Window) -> datetime:
    """From when on the window's labels count as complete."""
    performance = spec.monitoring.performance
    days = performance.mature_after_days + spec.label.reporting_delay_days
    return window.ends_at + timedelta(days=days)


def labels_built_through(spec: ModelSpec, built: Iterable[Window], moment: datetime) -> datetime:
    """Until when labels can have been built: to the end of the newest window with features.

    After a model's last window nothing more is built, and `moment` counts.
    """
    newest = max(built, key=lambda window: window.end)
    is_last = spec.window.end is not None and newest.end >= spec.window.end
    return moment if is_last else newest.ends_at


def matured_since(
    spec: ModelSpec, measured: Mapping[str, WindowPerformance], labels_through: datetime
) -> list[str]:
    """Windows that were measured before all of their labels were in, and can be complete now."""
    return [
        name
        for name, performance in measured.items()
        if not performance.mature
        and matures_at(spec, window_named(spec.window, name)) <= labels_through
    ]


def metrics_of(spec: ModelSpec, labelled: pa.Table, threshold: float) -> dict[str, float]:
    """Metrics of rows with `score` and `label`; none where they have not both classes."""
    from mlops_platform.training.metrics import measure

    labels, scores = labelled["label"].to_numpy().astype(int), labelled[SCORE].to_numpy()
    if len(set(labels.tolist())) < 2:
        return {}
    bins = spec.evaluation.calibration_bins
    return measure(labels, scores, threshold, spec.training.costs, bins).model_dump()


def _constant_log_loss(labelled: pa.Table, base_rate: float) -> float | None:
    import numpy as np

    from mlops_platform.training.metrics import row_losses

    labels = labelled["label"].to_numpy().astype(int)
    if not len(labels):
        return None
    return float(row_losses("log_loss", labels, np.full(len(labels), base_rate)).mean())
