"""Days whose outcomes are all known, with the scores of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mlops_platform.data.features.features import labelled_batches
from mlops_platform.data.features.published import published_days
from mlops_platform.data.scored_days import by_day
from mlops_platform.data.windows import Window
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import ScoredDay
from mlops_platform.usecases.version.champion import Champion
from mlops_platform.usecases.window.maturity import (
    day_matures_at,
    labels_built_through,
    latest_matured_day,
)

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


def fitted_through_day(spec: ModelSpec, champion: Champion) -> date:
    """The last local day of which the champion has seen rows."""
    return champion.fitted_through.astimezone(ZoneInfo(spec.window.timezone)).date()


def matured_days(
    spec: ModelSpec, published_root: Path, champion: Champion, moment: datetime
) -> list[date]:
    """Published days that the champion has not seen and whose outcomes are all built, in order."""
    published = published_days(published_root, spec.features.table)
    if not published:
        return []
    newest, timezone = max(published), spec.window.timezone
    built = Window(start=newest, end=newest + timedelta(days=1), timezone=timezone)
    through = min(moment, labels_built_through(spec, [built], moment))
    last, seen = latest_matured_day(spec, through), fitted_through_day(spec, champion)
    return sorted(day for day in published if seen < day <= last)


def scored_days(
    spec: ModelSpec,
    published_root: Path,
    champion: Champion,
    days: Sequence[date],
    moment: datetime,
) -> list[ScoredDay]:
    """Scores of the rows of matured days, in order, each day with outcomes known when it matured.

    Days without a known outcome are left out.
    """
    import numpy as np

    from mlops_platform.training.rows import days_of, features_of, targets_of

    task, rule = spec.task, spec.task.adaptation_rule
    assert rule is not None  # else nobody asks
    scored: list[tuple[NDArray[np.datetime64], NDArray[np.float64]]] = []
    for batch in labelled_batches(spec, published_root, days, moment):
        rows = batch.filter(_known_in_time(spec, batch, days)).to_pandas()
        numbers = task.numbers(champion.model, features_of(rows, spec)) if len(rows) else None
        if numbers is not None:
            scores = rule.scores(targets_of(rows, spec), numbers, champion.constants)
            scored.append((days_of(rows, spec), scores))
    if not scored:
        return []
    return by_day(*(np.concatenate(column) for column in zip(*scored, strict=True)))


def _known_in_time(spec: ModelSpec, batch: pa.RecordBatch, days: Sequence[date]) -> pa.Array:
    """Which labels were known when their day matured: a later one must change no adjustment."""
    import numpy as np
    import pyarrow as pa

    delay = timedelta(days=spec.label.reporting_delay_days)
    due = {
        day: np.datetime64(int((day_matures_at(spec, day) - delay).timestamp()), "s")
        for day in days
    }
    due_at = np.array([due[day] for day in batch[spec.features.partition].to_pylist()])
    known_at = batch[spec.label.known_at].to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return pa.array(known_at <= due_at)
