"""Windows in which there was nothing: told from those whose days are not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.data.features.builds import builds_of
from mlops_platform.data.features.landed.rows import count_landed, has_news
from mlops_platform.data.features.published import read_manifest
from mlops_platform.data.features.stretches import told_days
from mlops_platform.data.predictions import predictions_file
from mlops_platform.data.windows import Window
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    from mlops_platform.usecases.version.champion import Champion


def has_rows(deployment: Deployment, spec: ModelSpec, window: Window) -> bool:
    """Whether something of a window is to be scored.

    Without event time these are its news: what has landed as it was before was scored then.

    Raises:
        DataError: a column is missing, or an entity without event time occurs twice on a day.
    """
    if not _is_published(deployment, spec, window):
        return False
    published_root = deployment.settings.published
    return spec.features.has_event_time or has_news(spec, published_root, window.days)


def has_come(deployment: Deployment, spec: ModelSpec, scored: ScoredWindow) -> bool:
    """Whether a window that was measured when it was empty has rows by now.

    Raises:
        DataError: as `has_rows`.
    """
    if not scored.is_empty:
        return True
    manifest = read_manifest(deployment.settings.published, spec.features.table)
    # To look for news takes long, and what is published as it was then has none.
    is_changed = manifest.digest_of(scored.window.days) != scored.feature_snapshot
    return is_changed and has_rows(deployment, spec, scored.window)


def _is_published(deployment: Deployment, spec: ModelSpec, window: Window) -> bool:
    published = read_manifest(deployment.settings.published, spec.features.table).partitions
    return any(day in published for day in window.days)


def record_empty(
    deployment: Deployment, spec: ModelSpec, window: Window, champion: Champion
) -> ScoredWindow:
    """Record that a window has no rows to score; what was predicted before is removed.

    Of what has landed unchanged it is told how much.

    Raises:
        DataError: nothing of it is published, and a day has not landed, or not been built since:
            nobody knows what is in it.
    """
    lake, unchanged = deployment.settings, 0
    if _is_published(deployment, spec, window):
        unchanged = count_landed(spec, lake.published, window.days)
    else:
        refuse_unbuilt(deployment, spec, window)
    path = predictions_file(lake.predictions, spec.name, window.name)
    path.unlink(missing_ok=True)
    return ScoredWindow(
        window=window,
        version=champion.release.version,
        release=champion.release.sequence,
        constants=dict(champion.constants),
        adjustments=len(champion.adjustments),
        feature_snapshot=read_manifest(lake.published, spec.features.table).digest_of(window.days),
        rows=0,
        means={},
        scored_at=deployment.moment_of(spec.name),
        path=path,
        unchanged=unchanged,
    )


def refuse_unbuilt(deployment: Deployment, spec: ModelSpec, window: Window) -> None:
    """Refuse a window of which a day has not landed with every source, or not been built since.

    Raises:
        DataError: names the days and what they lack.
    """
    lake, table = deployment.settings, spec.features.table
    builds = builds_of(lake.landing, lake.published, table)
    state = builds.noticed(deployment.moment_of(spec.name)) if builds else None
    complete = state.complete_days(table) if state else frozenset()
    unknown = [day for day in window.days if day not in complete]
    if not unknown:
        return
    lacking = state.unlanded(table, unknown) if state else {}
    sources = sorted({source for of_day in lacking.values() for source in of_day})
    unlanded = f"; {' and '.join(sources)} have not landed on {told_days(lacking)}"
    raise DataError(
        f"{table} has no rows for the window {window.name}, and whether there was "
        f"nothing is not known: {told_days(unknown)} was not built of all that has landed"
        f"{unlanded if lacking else ''}. Land its days, a day without rows as an empty delivery, "
        f"and build the features from {unknown[0]} to {unknown[-1]}."
    )
