"""Days whose outcomes are all known, with the scores of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def latest_built_day(spec: ModelSpec, published_root: Path, moment: datetime) -> date | None:
    """The last day whose outcomes are complete and built; None before anything is published.

    Events to come may be published, and are no sign that the outcomes of past ones are.
    """
    today = moment.astimezone(ZoneInfo(spec.window.timezone)).date()
    tables = (spec.features.table, spec.label.table)
    features, labels = (published_days(published_root, table) for table in tables)
    ended = [day for day in features & labels if day < today]
    if not ended:
        return None
    newest, timezone = max(ended), spec.window.timezone
    window = Window(start=newest, end=newest + timedelta(days=1), timezone=timezone)
    return latest_matured_day(spec, min(moment, labels_built_through(spec, [window], moment)))


def matured_days(spec: ModelSpec, published_root: Path, last: date) -> list[date]:
    """Published days until the last one, in order."""
    published = published_days(published_root, spec.features.table)
    return sorted(day for day in published if day <= last)


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
    known_by = _known_by(spec, days)
    scored: list[tuple[NDArray[np.datetime64], NDArray[np.float64]]] = []
    for batch in labelled_batches(spec, published_root, days, moment):
        rows = batch.filter(_known_in_time(spec, batch, known_by)).to_pandas()
        if not len(rows):
            continue
        numbers = task.numbers(champion.model, features_of(rows, spec))
        scores = rule.scores(targets_of(rows, spec), numbers, champion.constants)
        scored.append((days_of(rows, spec), scores))
    if not scored:
        return []
    return by_day(*(np.concatenate(column) for column in zip(*scored, strict=True)))


def _known_by(spec: ModelSpec, days: Sequence[date]) -> dict[date, np.datetime64]:
    """By day, when a label must have been known to have reached the platform before it matured."""
    import numpy as np

    delay = timedelta(days=spec.label.reporting_delay_days)
    return {
        day: np.datetime64(int((day_matures_at(spec, day) - delay).timestamp()), "s")
        for day in days
    }


def _known_in_time(
    spec: ModelSpec, batch: pa.RecordBatch, known_by: Mapping[date, np.datetime64]
) -> pa.Array:
    """Which labels were known when their day matured: a later one must change no adjustment."""
    import numpy as np
    import pyarrow as pa

    due_at = np.array([known_by[day] for day in batch[spec.features.partition].to_pylist()])
    known_at = batch[spec.label.known_at].to_numpy(zero_copy_only=False).astype("datetime64[us]")
    return pa.array(known_at <= due_at)
