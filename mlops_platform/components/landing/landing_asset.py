"""One daily-partitioned asset per landed table, whatever its source."""

from collections.abc import Callable, Sequence
from datetime import date

import dagster as dg

from mlops_platform.components.partitions import days_of
from mlops_platform.data.landing.landing import LandedPartition

LANDING, DAILY, SNAPSHOT = "landing", "daily", "snapshot"
"""Tag of every landed asset, by which the landing jobs select."""

LandDays = Callable[[Sequence[date]], Sequence[LandedPartition]]


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
    def landed(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        return landing_result(land(days_of(context)))

    return landed


def landing_result(landed: Sequence[LandedPartition]) -> dg.MaterializeResult[None]:
    """What the asset page shows of one landing."""
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(partition.rows for partition in landed),
            "days": len(landed),
            "days_written": sum(partition.changed for partition in landed),
            "first_day": str(min(partition.day for partition in landed)),
            "last_day": str(max(partition.day for partition in landed)),
        }
    )


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
