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
    # What became known later, or was corrected, must change no adjustment.
    as_of = {day: min(moment, day_matures_at(spec, day)) for day in days}
    scored: list[tuple[NDArray[np.datetime64], NDArray[np.float64]]] = []
    for batch in labelled_batches(spec, published_root, as_of):
        if not batch.num_rows:
            continue
        rows = batch.to_pandas()
        numbers = task.numbers(champion.model, features_of(rows, spec))
        scores = rule.scores(targets_of(rows, spec), numbers, champion.constants)
        scored.append((days_of(rows, spec), scores))
    if not scored:
        return []
    return by_day(*(np.concatenate(column) for column in zip(*scored, strict=True)))
