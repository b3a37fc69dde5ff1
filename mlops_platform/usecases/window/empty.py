"""Windows in which there was nothing: told from those whose days are not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.data.features.builds import Builds, told_days
from mlops_platform.data.features.published import read_manifest
from mlops_platform.data.predictions import predictions_file
from mlops_platform.data.windows import Window
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    from mlops_platform.usecases.version.champion import Champion


def has_rows(deployment: Deployment, spec: ModelSpec, window: Window) -> bool:
    """Whether features of a window are published."""
    published = read_manifest(deployment.settings.published, spec.features.table).partitions
    return any(day in published for day in window.days)


def record_empty(
    deployment: Deployment, spec: ModelSpec, window: Window, champion: Champion
) -> ScoredWindow:
    """Record that a window without published rows has none; what was predicted before is removed.

    Raises:
        DataError: a day of it has not landed, or not been built since: nobody knows what is in it.
    """
    refuse_unbuilt(deployment, spec, window)
    lake = deployment.settings
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
    )


def refuse_unbuilt(deployment: Deployment, spec: ModelSpec, window: Window) -> None:
    """Refuse a window of which a day has not landed with every source, or not been built since.

    Raises:
        DataError: names the days and what they lack.
    """
    lake, table = deployment.settings, spec.features.table
    state = Builds(lake.landing, lake.published).noticed(deployment.moment_of(spec.name))
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
