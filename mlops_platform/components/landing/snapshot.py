"""Lands files without any time: each is how a table stood on one day."""

from dataclasses import dataclass
from typing import Annotated

import dagster as dg

from mlops_platform.components.landing.files import LandedFiles
from mlops_platform.components.partitions import DailyPartitions
from mlops_platform.data.features.stretches import told_days
from mlops_platform.data.landing.files.input_files import DAY
from mlops_platform.data.landing.landing import Arrival, Landed
from mlops_platform.errors import SpecError
from mlops_platform.settings import settings


@dataclass(kw_only=True)
class SnapshotLandingComponent(LandedFiles, dg.Component):
    """Lands a table whose rows have no time, as it stood day by day.

    With `{day}` in its pattern every day has a file of its own. Without it there is one file that
    is written anew: the day of its delivery is its day, and it is delivered by `mlops land`, or
    before a training or a window of a model that reads it.

    .. code-block:: yaml

        type: mlops_platform.components.SnapshotLandingComponent
        attributes:
          table: customers
          description: Every customer, as the billing system exports them at night.
          folder: /exports
          pattern: customers_{day}.csv
          partitions: {start: "2024-01-01", end: "2030-01-01", timezone: Europe/Berlin}
          key: [customer_id]
          types: {age: INTEGER}
          owners: ["team:billing"]
    """

    pattern: Annotated[
        str,
        dg.Resolver.default(
            description="Glob of the files; `{day}` in it is a file's day, as 2024-03-10.",
            examples=["customers_{day}.csv", "customers.parquet"],
        ),
    ]
    partitions: Annotated[
        DailyPartitions | None,
        dg.Resolver.default(description="Days that have files, where the pattern has `{day}`."),
    ] = None
    timezone: Annotated[
        str,
        dg.Resolver.default(
            description=(
                "IANA zone of the day of a delivery, and of times without zone, where the pattern "
                "has no `{day}`."
            )
        ),
    ] = "UTC"

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """One asset: by day where files are dated, else of the day of its delivery."""
        if (DAY in self.pattern) != (self.partitions is not None):
            raise SpecError(
                "pattern",
                self.pattern,
                "Files of their own for every day have `{day}` in their name and `partitions` that "
                "say which days; one file that is written anew has neither.",
            )
        return self.landed_asset(self._land, self.partitions, self.timezone)

    def _land(self, arrival: Arrival) -> Landed:
        from mlops_platform.data.landing.snapshot_source import SnapshotSource

        timezone = self.partitions.timezone if self.partitions else self.timezone
        source = SnapshotSource(**self.declared_files(), timezone=timezone)
        landing = source.land(settings().landing, arrival)
        absent = sorted(arrival.last.keys() - {partition.day for partition in landing.days})
        if absent:
            dg.get_dagster_logger().warning(
                f"{self.table}: {self.folder}/{self.pattern} has no file of {told_days(absent)}. "
                "These days stay as they are, and land as soon as their files are there."
            )
        return landing
