"""The daily partitions of what is landed, and the windows of a model."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

import dagster as dg

from mlops_platform.spec import WindowSpec


@dataclass
class DailyPartitions(dg.Resolvable):
    """Local days from `start` to the day before `end`."""

    start: Annotated[str, dg.Resolver.default(description="First day, as 2024-01-31.")]
    end: Annotated[str, dg.Resolver.default(description="Day after the last one.")]
    timezone: Annotated[
        str, dg.Resolver.default(description="IANA zone whose midnight starts a day.")
    ]

    @property
    def days(self) -> tuple[date, date]:
        """The first day, and the day after the last one."""
        return date.fromisoformat(self.start), date.fromisoformat(self.end)

    def definition(self) -> dg.DailyPartitionsDefinition:
        """The Dagster definition of these days."""
        return dg.DailyPartitionsDefinition(
            start_date=self.start, end_date=self.end, timezone=self.timezone
        )


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Days of the partitions that this run materialises, in order."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)


def window_partitions(spec: WindowSpec) -> dg.TimeWindowPartitionsDefinition:
    """One partition per window, named by its first day."""
    end = None if spec.end is None else spec.end.isoformat()
    if spec.cadence == "daily":
        return dg.DailyPartitionsDefinition(
            start_date=spec.start.isoformat(), end_date=end, timezone=spec.timezone
        )
    return dg.WeeklyPartitionsDefinition(
        start_date=spec.start.isoformat(), end_date=end, timezone=spec.timezone, day_offset=1
    )
