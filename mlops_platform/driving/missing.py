"""What a model's tables still lack: days that have ended and are not landed, or not built."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import dagster as dg

from mlops_platform.components.landing.jobs import LAND_SNAPSHOTS, daily_landings
from mlops_platform.components.landing.landing_asset import DAILY, LANDING
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.features.builds import Builds, contiguous
from mlops_platform.data.features.published import published_days
from mlops_platform.data.landing.deliveries import is_landed, landed_rows
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
    return sorted(
        stale
        | {
            day
            for table, days in _ended_days(driver.definitions, model, now).items()
            for day in set(days) - built
            if landed_rows(place.landing, table, day)
        }
    )


def land(driver: JobDriver, days: Sequence[date], now: datetime, report: ReportStep) -> None:
    """Land snapshots, and these days but none between them: what has landed is not read again."""
    driver.run(LAND_SNAPSHOTS, report=report)
    land_days(driver, days, now, report)


def land_days(driver: JobDriver, days: Sequence[date], now: datetime, report: ReportStep) -> None:
    """Land these days of every table that has them: tables may start, and end, on others.

    Args:
        now: by the clock of the deployment: no day lands before it has ended where it is.

    Raises:
        MlopsError: no table has one of these days, or a run failed.
    """
    landings = {
        landing.job: [day for day in ended_days(landing.partitions, now) if day in set(days)]
        for landing in daily_landings(driver.definitions)
    }
    nowhere = sorted(set(days).difference(*landings.values()))
    if nowhere:
        raise MlopsError(
            f"no landing has the day {nowhere[0]}, or it has not ended. Look at the `partitions` "
            "of the landings."
        )
    for job, of_job in landings.items():
        for stretch in contiguous(of_job):
            driver.run(job, tags=day_range(stretch), report=report)


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
    behind = dg.AssetSelection.assets(*model.store.assets).upstream()
    landed = behind & dg.AssetSelection.tag(LANDING, DAILY)
    return {
        key.path[-1]: ended_days(graph.get(key).partitions_def, now)
        for key in landed.resolve(graph)
    }


def ended_days(partitions: dg.PartitionsDefinition | None, now: datetime) -> list[date]:
    """Days of a landed table that have ended, in order."""
    assert partitions is not None
    return [date.fromisoformat(key) for key in partitions.get_partition_keys(current_time=now)]
