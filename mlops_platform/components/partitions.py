"""The daily partitions that landing and features share."""

from dataclasses import dataclass
from datetime import date

import dagster as dg


@dataclass
class DailyPartitions(dg.Resolvable):
    """Local days from `start` to the day before `end`."""

    start: str
    end: str
    timezone: str

    def definition(self) -> dg.DailyPartitionsDefinition:
        """The Dagster definition of these days."""
        return dg.DailyPartitionsDefinition(
            start_date=self.start, end_date=self.end, timezone=self.timezone
        )


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """Days of the partitions that this run materialises, in order."""
    return sorted(date.fromisoformat(key) for key in context.partition_keys)
