"""One daily-partitioned asset per landed table, whatever its source."""

from collections.abc import Callable, Sequence
from datetime import date

import dagster as dg

from mlops_platform.clock import present
from mlops_platform.components.partitions import days_of
from mlops_platform.data.features.builds import Builds, told_days
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.landing.landing import Arrival, LandedPartition
from mlops_platform.settings import settings

LANDING, DAILY, SNAPSHOT = "landing", "daily", "snapshot"
"""Tag of every landed asset, by which the landing jobs select."""

UNDATED_TAG = "mlops/lands_in"
"""Tag of a snapshot whose day is that of its delivery, with the time zone of that day."""

LandDays = Callable[[Arrival], Sequence[LandedPartition]]
"""Lands the days of an arrival."""


class LandingConfig(dg.Config):
    """Run configuration of one landing.

    Args:
        retract: rows of days that landed before may go, however many.
    """

    retract: bool = False


def begun(table: str, days: Sequence[date], config: LandingConfig) -> Arrival:
    """The source of some days begins to be read; what others put there counts as before it."""
    place = settings()
    moment = present(place.replayed_moment)
    adopt_files(place.landing, moment, [table])
    return Arrival.begun(place.landing, table, days, moment, retract=config.retract)


def daily_landing_asset(
    table: str,
    land: LandDays,
    *,
    partitions: dg.PartitionsDefinition,
    description: str,
    owners: Sequence[str],
) -> dg.AssetsDefinition:
    """An asset that lands the days of its partitions; a range of days is one run."""

    @dg.asset(
        key=["landing", table],
        group_name="landing",
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        description=description,
        owners=list(owners),
        kinds={"parquet"},
        tags={LANDING: DAILY},
    )
    def landed(
        context: dg.AssetExecutionContext, config: LandingConfig
    ) -> dg.MaterializeResult[None]:
        return landing_result(context, land(begun(table, days_of(context), config)))

    return landed


def landing_result(
    context: dg.AssetExecutionContext, landed: Sequence[LandedPartition]
) -> dg.MaterializeResult[None]:
    """What the asset page shows of one landing; the log tells what it changed of landed days."""
    for partition in landed:
        if partition.redelivered:
            context.log.info(
                "%s of %s was delivered again: %d rows are new, %d changed, %d gone",
                partition.table,
                partition.day,
                partition.rows_added,
                partition.rows_changed,
                partition.rows_gone,
            )
    again = [partition for partition in landed if partition.redelivered]
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(partition.rows for partition in landed),
            "days": len(landed),
            "days_written": sum(partition.changed for partition in landed),
            "days_delivered_again": len(again),
            "days_to_rebuild": told_days(days_to_rebuild(landed)) or "none",
            "rows_added": sum(partition.rows_added for partition in again),
            "rows_changed": sum(partition.rows_changed for partition in again),
            "rows_gone": sum(partition.rows_gone for partition in again),
            **_extremes([partition.day for partition in landed]),
        }
    )


def _extremes(days: Sequence[date]) -> dict[str, str]:
    return {"first_day": str(min(days)), "last_day": str(max(days))} if days else {}


def days_to_rebuild(landed: Sequence[LandedPartition]) -> list[date]:
    """Days that must be built again after a landing; nothing is looked for after the usual one."""
    place = settings()
    builds = Builds(place.landing, place.published)
    days = [partition.day for partition in landed if partition.changed]
    state = builds.read() if days else None
    if state is None or not state.built or min(days) > state.built[-1]:
        return []
    state = builds.noticed(present(place.replayed_moment))
    return state.stale_days if state else []


def landing_jobs() -> dg.Definitions:
    """Two jobs, because a run with a range of days plans all its assets for every day."""
    jobs = [
        dg.define_asset_job(
            "land_days",
            selection=dg.AssetSelection.tag(LANDING, DAILY),
            description="Lands the facts of the chosen days, in one run however many they are.",
        ),
        dg.define_asset_job(
            "land_snapshots",
            selection=dg.AssetSelection.tag(LANDING, SNAPSHOT),
            description="Lands the dated snapshots of the reference tables.",
        ),
    ]
    return dg.Definitions(jobs=jobs)
