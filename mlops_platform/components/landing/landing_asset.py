"""One daily-partitioned asset per landed table, whatever its source."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from zoneinfo import ZoneInfo

import dagster as dg

from mlops_platform.components.partitions import days_of
from mlops_platform.components.replays import replayed_moment_of
from mlops_platform.data.features.builds import kept_builds
from mlops_platform.data.features.stretches import told_days
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.landing.contract import landed_schemas
from mlops_platform.data.landing.landed_table import read_state
from mlops_platform.data.landing.landing import Arrival, Landed, LandedPartition, warnings_of
from mlops_platform.settings import settings

LANDING, DAILY, SNAPSHOT = "landing", "daily", "snapshot"
"""Tag of every landed asset, by which the landing jobs select."""

LEFT_OUT = "left_out"
"""Metadata of a landing: what was told of rows that it did not land."""

UNDATED_TAG = "mlops/lands_in"
"""Tag of a snapshot whose day is that of its delivery, with the time zone of that day."""

LandDays = Callable[[Arrival], Landed]
"""Lands the days of an arrival."""


class LandingConfig(dg.Config):
    """Run configuration of one landing.

    Args:
        retract: rows of days that landed before may go, however many.
    """

    retract: bool = False


def begun(
    context: dg.AssetExecutionContext, table: str, days: Sequence[date], config: LandingConfig
) -> Arrival:
    """The source of some days begins to be read; what others put there counts as before it."""
    landing, now = settings().landing, datetime.now(UTC)
    adopt_files(landing, now, [table])
    arrival = Arrival.begun(landing, table, days, now, retract=config.retract)
    replayed = replayed_moment_of(context.run)
    return arrival if replayed is None else arrival.in_replay(replayed)


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
        return landing_result(context, land(begun(context, table, days_of(context), config)))

    return landed


def snapshot_landing_asset(
    table: str, land: LandDays, *, timezone: str, description: str, owners: Sequence[str]
) -> dg.AssetsDefinition:
    """An asset that lands how a table stands, on the day of its delivery.

    Args:
        timezone: of that day.
    """

    @dg.asset(
        key=[LANDING, table],
        group_name=LANDING,
        description=description,
        owners=list(owners),
        kinds={"parquet"},
        tags={LANDING: SNAPSHOT, UNDATED_TAG: timezone.replace("/", ".")},
    )
    def landed(
        context: dg.AssetExecutionContext, config: LandingConfig
    ) -> dg.MaterializeResult[None]:
        now = replayed_moment_of(context.run) or datetime.now(UTC)
        day = now.astimezone(ZoneInfo(timezone)).date()
        return landing_result(context, land(begun(context, table, [day], config)))

    return landed


def landing_result(
    context: dg.AssetExecutionContext, landing: Landed
) -> dg.MaterializeResult[None]:
    """What the asset page shows of one landing; the log tells what it changed of landed days."""
    landed = landing.days
    for text in landing.left_out:
        context.log.warning("%s: %s", context.asset_key.path[-1], text)
    for warning in chain.from_iterable(map(warnings_of, landed)):
        context.log.warning(warning)
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
            **_extremes([partition.day for partition in landed]),
            "days": len(landed),
            "days_written": sum(partition.changed for partition in landed),
            "days_to_rebuild": told_days(days_to_rebuild(landed)) or "none",
            LEFT_OUT: "\n".join(landing.left_out) or "none",
            "days_delivered_again": len(again),
            "rows_added": sum(partition.rows_added for partition in again),
            "rows_changed": sum(partition.rows_changed for partition in again),
            "rows_gone": sum(partition.rows_gone for partition in again),
            "rows_with_null_keys": sum(partition.null_keys for partition in landed),
            "duplicate_rows": sum(partition.duplicates for partition in landed),
            **_column_schema(context.asset_key.path[-1]),
        }
    )


def _column_schema(table: str) -> dict[str, dg.TableSchema]:
    """The columns that the table has landed with, in the types of its contract."""
    folder = settings().landing / table
    schemas = landed_schemas(folder)
    if not schemas:
        return {}
    declared = read_state(folder).declared
    key = declared.key if declared else ()
    columns = [
        dg.TableColumn(name, type=kind, description="Part of the key." if name in key else None)
        for name, kind in schemas[-1].columns.items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns)}


def _extremes(days: Sequence[date]) -> dict[str, str]:
    return {"first_day": str(min(days)), "last_day": str(max(days))} if days else {}


def days_to_rebuild(landed: Sequence[LandedPartition]) -> list[date]:
    """Days that must be built again after a landing; nothing is looked for after the usual one."""
    place = settings()
    days = [partition.day for partition in landed if partition.changed]
    stale: set[date] = set()
    for builds in kept_builds(place.landing, place.published) if days else ():
        state = builds.read()
        if state is not None and state.built and min(days) <= state.built[-1]:
            noticed = builds.noticed(datetime.now(UTC))
            stale.update(noticed.stale_days if noticed else ())
    return sorted(stale)
