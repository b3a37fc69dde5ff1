"""What a model's tables still lack: days that have ended and are not landed, or not built."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from mlops_platform.components.landing.jobs import LAND_SNAPSHOTS, daily_landings
from mlops_platform.components.landing.landing_asset import (
    DAILY,
    LANDING,
    SNAPSHOT,
    UNDATED_TAG,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.features.builds import FIRST_STORE
from mlops_platform.data.features.published import published_days
from mlops_platform.data.features.stretches import contiguous
from mlops_platform.data.landing.deliveries import (
    PARTITION_COLUMN,
    day_of,
    is_landed,
    landed_rows,
)
from mlops_platform.driving.driver import JobDriver, ReportStep, day_range, run_config
from mlops_platform.errors import MlopsError
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


def landable_days(driver: JobDriver, model: LifecycleModel, now: datetime) -> list[date]:
    """Days that have ended and that every daily table behind the model may have, in order."""
    by_table = [set(days) for days in _ended_days(driver.definitions, model, now).values()]
    return sorted(set.intersection(*by_table)) if by_table else []


def last_landed_day(
    driver: JobDriver, model: LifecycleModel, place: Settings, now: datetime
) -> date | None:
    """The last day that every daily table behind the model has; None where there is none."""
    tables = _ended_days(driver.definitions, model, now)
    days = reversed(landable_days(driver, model, now))
    return next(
        (day for day in days if all(is_landed(place.landing, table, day) for table in tables)), None
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
    state = model.store.builds(place).noticed(now)
    stale = set(state.stale_days) if state else set()
    spec = model.spec
    published = published_days(place.published, spec.features.table)
    if state is not None and {spec.features.table, spec.label.table} <= {*state.project.tables}:
        built = published.union(state.built)
    elif state is None and model.store.build_op == FIRST_STORE:
        built = published  # before builds were noted, there was this store alone
    else:
        # A table that is new to the store was not built when its others were.
        built = frozenset()
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


def land(
    driver: JobDriver,
    model: LifecycleModel,
    days: Sequence[date],
    now: datetime,
    report: ReportStep,
) -> None:
    """Land snapshots, and these days but none between them: what has landed is not read again."""
    snapshots = _landed_for(driver.definitions, model, SNAPSHOT)
    if snapshots:
        driver.run(LAND_SNAPSHOTS, assets=snapshots, report=report)
    land_days(driver, model, days, now, report)


def land_days(
    driver: JobDriver,
    model: LifecycleModel,
    days: Sequence[date],
    now: datetime,
    report: ReportStep,
) -> None:
    """Land these days of the tables behind a model, of each those that it has, and of no other.

    Args:
        now: by the clock of the model: no day lands before it has ended where it is.

    Raises:
        MlopsError: no table has one of these days, or a run failed.
    """
    behind = set(_landed_for(driver.definitions, model, DAILY))
    landings = [
        (landing, [day for day in ended_days(landing.partitions, now) if day in set(days)])
        for landing in daily_landings(driver.definitions)
        if not behind.isdisjoint(landing.keys)
    ]
    nowhere = sorted(set(days).difference(*(its_days for _, its_days in landings)))
    if nowhere:
        raise MlopsError(
            f"no landing has the day {nowhere[0]}, or it has not ended. Look at the `partitions` "
            "of the landings."
        )
    for landing, its_days in landings:
        tables = sorted(behind.intersection(landing.keys))
        for stretch in contiguous(its_days):
            driver.run(landing.job, tags=day_range(stretch), assets=tables, report=report)


def build(driver: JobDriver, model: LifecycleModel, report: ReportStep, **days: date) -> None:
    """Build and publish the features and labels of landed days.

    Args:
        days: `start_day` and `end_day`; of all that is landed where they are left out.
    """
    config = run_config(model.store.build_op, {name: str(day) for name, day in days.items()})
    driver.run(model.store.build_job, config=config, report=report)


def _ended_days(
    definitions: dg.Definitions, model: LifecycleModel, now: datetime
) -> dict[str, Collection[date]]:
    """By the tables that are landed daily, of those that the model's features are made from."""
    graph = definitions.get_repository_def().asset_graph
    return {
        key.path[-1]: ended_days(graph.get(key).partitions_def, now)
        for key in _landed_for(definitions, model, DAILY)
    }


def _undated_tables(
    definitions: dg.Definitions, model: LifecycleModel, now: datetime
) -> dict[str, date]:
    """The present day of each table that is written anew, of those that are behind the model."""
    graph = definitions.get_repository_def().asset_graph
    zones = {
        key.path[-1]: graph.get(key).tags.get(UNDATED_TAG)
        for key in _landed_for(definitions, model, SNAPSHOT)
    }
    return {
        table: now.astimezone(ZoneInfo(zone.replace(".", "/"))).date()
        for table, zone in zones.items()
        if zone is not None
    }


def _landed_for(definitions: dg.Definitions, model: LifecycleModel, kind: str) -> list[dg.AssetKey]:
    """Landed tables that the features or the label of a model are made from, or are built beside.

    A store is built as one: of a domain of which a table has not landed nothing is.

    Args:
        kind: value of their tag.
    """
    built = dg.AssetSelection.assets(*model.store.assets)
    landed = built.upstream() & dg.AssetSelection.tag(LANDING, kind)
    return sorted(landed.resolve(definitions.get_repository_def().asset_graph))


def ended_days(partitions: dg.PartitionsDefinition | None, now: datetime) -> list[date]:
    """Days of a landed table that have ended, in order."""
    assert partitions is not None
    return [date.fromisoformat(key) for key in partitions.get_partition_keys(current_time=now)]
