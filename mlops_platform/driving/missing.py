"""What a model's tables still lack: days that have ended and are not landed, or not built."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from mlops_platform.components.landing.landing_asset import (
    DAILY,
    LANDING,
    SNAPSHOT,
    UNDATED_TAG,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.features.builds import Builds, contiguous
from mlops_platform.data.features.published import published_days
from mlops_platform.data.landing.deliveries import (
    PARTITION_COLUMN,
    day_of,
    is_landed,
    landed_rows,
)
from mlops_platform.driving.driver import JobDriver, ReportStep, day_range, run_config
from mlops_platform.settings import Settings


def unlanded_days(
    driver: JobDriver, model: LifecycleModel, place: Settings, now: datetime
) -> list[date]:
    """Days that have ended and that some landed table behind the model lacks, in order."""
    return sorted(
        {
            day
            for table, days in _ended_days(driver.definitions, model, now).items()
            for day in days
            if not is_landed(place.landing, table, day)
        }
    )


def unlanded_snapshots(
    driver: JobDriver, model: LifecycleModel, place: Settings, now: datetime
) -> list[str]:
    """Tables behind the model that are written anew, and that have not landed today."""
    return [
        table
        for table, today in _undated_tables(driver.definitions, model, now).items()
        if not is_landed(place.landing, table, today)
    ]


def unbuilt_days(
    driver: JobDriver, model: LifecycleModel, place: Settings, now: datetime
) -> list[date]:
    """Days to be built, in order: that have ended, landed with rows and were never built; or stale.

    A day that was built and is not published had no rows of the features, and is not asked for
    again and again.
    """
    state = Builds(place.landing, place.published).noticed(now)
    stale = set(state.stale_days) if state else set()
    published = published_days(place.published, model.spec.features.table)
    built = published.union(state.built if state else ())
    landed = dict(_ended_days(driver.definitions, model, now))
    for table in _undated_tables(driver.definitions, model, now):
        folders = (place.landing / table).glob(f"{PARTITION_COLUMN}=*")
        landed[table] = [day_of(folder) for folder in folders]
    return sorted(
        stale
        | {
            day
            for table, days in landed.items()
            for day in set(days) - built
            if landed_rows(place.landing, table, day)
        }
    )


def land(driver: JobDriver, days: Sequence[date], report: ReportStep) -> None:
    """Land these days, and none between them: of what has landed nothing is delivered again."""
    driver.run("land_snapshots", report=report)
    for stretch in contiguous(days):
        driver.run("land_days", tags=day_range(stretch), report=report)


def build(driver: JobDriver, model: LifecycleModel, report: ReportStep, **days: date) -> None:
    """Build and publish the features and labels of landed days.

    Args:
        days: `start_day` and `end_day`; of all that is landed where they are left out.
    """
    config = run_config(model.store.build_op, {name: str(day) for name, day in days.items()})
    driver.run("build_features", config=config, report=report)


def _ended_days(
    definitions: dg.Definitions, model: LifecycleModel, now: datetime
) -> dict[str, Collection[date]]:
    """By the tables that are landed daily, of those that the model's features are made from."""
    graph = definitions.get_repository_def().asset_graph
    return {
        key.path[-1]: ended_days(graph.get(key).partitions_def, now)
        for key in _landed_behind(model, DAILY).resolve(graph)
    }


def _undated_tables(
    definitions: dg.Definitions, model: LifecycleModel, now: datetime
) -> dict[str, date]:
    """The present day of each table that is written anew, of those that are behind the model."""
    graph = definitions.get_repository_def().asset_graph
    zones = {
        key.path[-1]: graph.get(key).tags.get(UNDATED_TAG)
        for key in _landed_behind(model, SNAPSHOT).resolve(graph)
    }
    return {
        table: now.astimezone(ZoneInfo(zone.replace(".", "/"))).date()
        for table, zone in zones.items()
        if zone is not None
    }


def _landed_behind(model: LifecycleModel, kind: str) -> dg.AssetSelection:
    behind = dg.AssetSelection.assets(*model.store.assets).upstream()
    return behind & dg.AssetSelection.tag(LANDING, kind)


def ended_days(partitions: dg.PartitionsDefinition | None, now: datetime) -> list[date]:
    """Days of a landed table that have ended, in order."""
    assert partitions is not None
    return [date.fromisoformat(key) for key in partitions.get_partition_keys(current_time=now)]
